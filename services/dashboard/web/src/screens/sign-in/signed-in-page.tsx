// When a session has ended, a dialog opens the OIDC provider in a new tab. After the sign-in, the new tab shows this page, which
// notifies the other tabs and closes itself.
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
