// The sign-in page: demo users and the password form, or a button that leads to the OIDC provider.
import { Button } from '@mantine/core';
import { useNavigate, getRouteApi } from '@tanstack/react-router';
import { ShieldCheck, ShoppingBag, Store } from 'lucide-react';
import type { Role } from '../../api/types.ts';
import { providerAddress, useSession, useSignIn } from '../../api/session.ts';
import { Page } from '../../parts/page.tsx';
import { Empty, ErrorMessage } from '../../parts/states.tsx';
import { signInFailures } from './sign-in-failure.ts';
import { SignInForm } from './sign-in-form.tsx';
import classes from './sign-in-page.module.css';

const signInRoute = getRouteApi('/sign-in');

const roleDescriptions: Readonly<Record<Role, { readonly icon: React.ReactNode; readonly text: string }>> = {
  USER: { icon: <ShoppingBag size={18} />, text: 'Customer: shop, pay and track orders' },
  SELLER: { icon: <Store size={18} />, text: 'Seller: manage stock and ship orders' },
  ADMIN: { icon: <ShieldCheck size={18} />, text: 'Administrator: monitor and operate the whole system' },
};

export const SignInPage = () => {
  const { signIn: options } = useSession();
  const { to, failed } = signInRoute.useSearch();
  const navigate = useNavigate();
  const signIn = useSignIn();
  // Replaces the sign-in page in the browser's history, so that Back does not lead to it.
  const continueToPage = (): void => void navigate({ href: to ?? '/', replace: true });
  if (options.kind === 'unavailable')
    return (
      <Page title="Sign in">
        <Empty title="Sign-in is not configured">
          The built-in identity issuer is off, and OIDC_CLIENT_ID is not set. Set OIDC_CLIENT_ID to let users
          sign in at the OIDC provider.
        </Empty>
      </Page>
    );
  if (options.kind === 'provider')
    return (
      <Page title="Sign in">
        <div className={classes['box']}>
          <section aria-label="Your account">
            {failed !== undefined && (
              <p role="alert" className={classes['failed']}>
                {signInFailures[failed]}
              </p>
            )}
            <Button component="a" href={providerAddress(to ?? '/')} fullWidth>
              Sign in with your account
            </Button>
          </section>
        </div>
      </Page>
    );
  return (
    <Page title="Sign in">
      <div className={classes['box']}>
        {options.demoUsers.length > 0 && (
          <section className={classes['demo']} aria-label="Demo users">
            <h2>Sign in as a demo user</h2>
            {options.demoUsers.map((user) => (
              <button
                key={user.email}
                disabled={signIn.isPending}
                onClick={() =>
                  signIn.mutate({ email: user.email, password: user.password }, { onSuccess: continueToPage })
                }
              >
                <span aria-hidden="true">{roleDescriptions[user.role].icon}</span>
                <span>
                  <b>{user.email}</b>
                  <small>{roleDescriptions[user.role].text}</small>
                </span>
              </button>
            ))}
            {signIn.isError && <ErrorMessage error={signIn.error} />}
          </section>
        )}
        <section aria-label="Your account">
          <h2>Sign in with email and password</h2>
          <SignInForm onSignedIn={continueToPage} />
        </section>
      </div>
    </Page>
  );
};
