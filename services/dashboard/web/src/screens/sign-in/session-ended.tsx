// The sign-in dialog that covers the screen when the session has ended. The screen behind it keeps its input.
import { Button, Modal } from '@mantine/core';
import type { User } from '../../api/types.ts';
import { providerAddress, useSession } from '../../api/session.ts';
import { SignInForm } from './sign-in-form.tsx';
import classes from './session-ended.module.css';

export default function SessionEnded({ user }: { readonly user: User }) {
  const { signIn } = useSession();
  return (
    <Modal opened onClose={() => undefined} withCloseButton={false} title="Your session has ended">
      <p className={classes['ended']}>Sign in again to continue. Your input is still here.</p>
      {signIn.kind === 'password' ? (
        <SignInForm email={user.email ?? ''} />
      ) : (
        // Opens a new tab, so that this tab keeps its input. The dialog closes once the user has signed in there.
        <Button component="a" href={providerAddress('/signed-in')} target="_blank" fullWidth>
          Sign in
        </Button>
      )}
    </Modal>
  );
}
