// The form for email and password, on the sign-in page and in the dialog of an ended session.
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Problem } from '../../api/request.ts';
import { useSignIn } from '../../api/session.ts';
import { ErrorMessage } from '../../parts/states.tsx';
import classes from './sign-in-form.module.css';

interface SignInFormProps {
  /** The initial value of the email field. */
  readonly email?: string;
  readonly onSignedIn?: () => void;
}

export const SignInForm = ({ email: initialEmail = '', onSignedIn }: SignInFormProps) => {
  const signIn = useSignIn();
  const [email, setEmail] = useState(initialEmail);
  const [password, setPassword] = useState('');
  const wrong = signIn.error instanceof Problem && signIn.error.code === 'wrong_credentials';
  return (
    <form
      className={classes['form']}
      aria-label="Sign in with email and password"
      onSubmit={(event) => {
        event.preventDefault();
        signIn.mutate({ email, password }, { onSuccess: () => onSignedIn?.() });
      }}
    >
      <TextInput
        label="Email"
        name="email"
        autoComplete="username"
        required
        withAsterisk={false}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        label="Password"
        name="password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        value={password}
        error={wrong ? 'Wrong email or password.' : undefined}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Button type="submit" loading={signIn.isPending}>
        Sign in
      </Button>
      {signIn.isError && !wrong && <ErrorMessage error={signIn.error} />}
    </form>
  );
};
