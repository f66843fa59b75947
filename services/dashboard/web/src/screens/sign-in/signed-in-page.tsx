// The end of a sign-in that the dialog of another tab opened.
import { useEffect } from 'react';
import { notifyOtherTabs } from '../../app/session.ts';
import { Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';

export const SignedInPage = () => {
  useEffect(() => {
    notifyOtherTabs();
    window.close();
  }, []);
  return (
    <Page title="Signed in">
      <Empty title="You are signed in">Close this tab to continue in the other one.</Empty>
    </Page>
  );
};
