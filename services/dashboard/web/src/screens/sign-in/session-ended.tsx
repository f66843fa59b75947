// Lets somebody whose session has ended sign in again over the screen, which keeps what was entered.
import { Modal } from '@mantine/core';
import type { User } from '../../api/types.ts';
import { SignInForm } from './sign-in-form.tsx';
import classes from './session-ended.module.css';

export default function SessionEnded({ user }: { readonly user: User }) {
  return (
    <Modal opened onClose={() => undefined} withCloseButton={false} title="Your session has ended">
      <p className={classes['ended']}>Sign in again to go on. Nothing you entered is lost.</p>
      <SignInForm email={user.email ?? ''} />
    </Modal>
  );
}
