import { Button } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { ShieldCheck, ShoppingBag, Store } from 'lucide-react';
import type { Role } from '../../api/types.ts';
import { signInRoute } from '../../app/router.tsx';
import { providerAddress, useSession, useSignIn } from '../../app/session.ts';
import { Page } from '../../parts/page.tsx';
import { Empty, Failed } from '../../parts/states.tsx';
import { signInFailures } from './sign-in-failure.ts';
import { SignInForm } from './sign-in-form.tsx';
import classes from './sign-in-page.module.css';

const rolesInWords: Readonly<Record<Role, { readonly icon: React.ReactNode; readonly says: string }>> = {
  USER: { icon: <ShoppingBag size={18} />, says: 'Customer: shop, pay, follow the orders' },
  SELLER: { icon: <Store size={18} />, says: 'Seller: stock, and orders to ship' },
  ADMIN: { icon: <ShieldCheck size={18} />, says: 'Administrator: sees the whole system' },
};

export const SignInPage = () => {
  const { signIn: options } = useSession();
  const { to, failed } = signInRoute.useSearch();
  const navigate = useNavigate();
  const signIn = useSignIn();
  const goOn = (): void => void navigate({ href: to ?? '/' });
  if (options.kind === 'unavailable')
    return (
      <Page title="Sign in">
        <Empty title="Nobody can sign in to these pages">
          Another provider signs people in, and the dashboard is not set up as its client: OIDC_CLIENT_ID is
          not set.
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
            <h2>As one of the demo users</h2>
            {options.demoUsers.map((user) => (
              <button
                key={user.email}
                disabled={signIn.isPending}
                onClick={() =>
                  signIn.mutate({ email: user.email, password: user.password }, { onSuccess: goOn })
                }
              >
                <span aria-hidden="true">{rolesInWords[user.role].icon}</span>
                <span>
                  <b>{user.email}</b>
                  <small>{rolesInWords[user.role].says}</small>
                </span>
              </button>
            ))}
            {signIn.isError && <Failed error={signIn.error} />}
          </section>
        )}
        <section aria-label="Your account">
          <h2>With e-mail and password</h2>
          <SignInForm onSignedIn={goOn} />
        </section>
      </div>
    </Page>
  );
};
