// When a session has ended, the dialog opens the sign-in in a new tab. The new tab ends on this page, which tells the first tab and
// closes itself.
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
