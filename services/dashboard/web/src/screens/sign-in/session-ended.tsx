// Lets somebody whose session has ended sign in again over the screen, which keeps what was entered.
import { Button, Modal } from '@mantine/core';
import type { User } from '../../api/types.ts';
import { providerAddress, useSession } from '../../app/session.ts';
import { SignInForm } from './sign-in-form.tsx';
import classes from './session-ended.module.css';

export default function SessionEnded({ user }: { readonly user: User }) {
  const { signIn } = useSession();
  return (
    <Modal opened onClose={() => undefined} withCloseButton={false} title="Your session has ended">
      <p className={classes['ended']}>Sign in again to go on. Nothing you entered is lost.</p>
      {signIn.kind === 'password' ? (
        <SignInForm email={user.email ?? ''} />
      ) : (
        // In a tab of its own: this one keeps the form, and goes on when that one is done.
        <Button component="a" href={providerAddress('/signed-in')} target="_blank" fullWidth>
          Sign in
        </Button>
      )}
    </Modal>
  );
}
