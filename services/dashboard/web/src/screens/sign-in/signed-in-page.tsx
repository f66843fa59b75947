// Where a sign-in ends that was begun over a screen of another tab.
import { useEffect } from 'react';
import { tellOtherTabs } from '../../app/session.ts';
import { Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';

export const SignedInPage = () => {
  useEffect(() => {
    tellOtherTabs();
    window.close();
  }, []);
  return (
    <Page title="Signed in">
      <Empty title="You are signed in again">Close this tab and go on where you were.</Empty>
    </Page>
  );
};
