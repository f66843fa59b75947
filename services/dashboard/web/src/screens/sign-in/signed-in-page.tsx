// The last page of a sign-in that was started in another tab, by the dialog for an ended session.
import { useEffect } from 'react';
import { notifyOtherTabs } from '../../api/session.ts';
import { Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';

export const SignedInPage = () => {
  useEffect(() => {
    notifyOtherTabs();
    window.close();
  }, []);
  return (
    <Page title="Signed in">
      <Empty title="You are signed in">Close this tab and continue in the other tab.</Empty>
    </Page>
  );
};
