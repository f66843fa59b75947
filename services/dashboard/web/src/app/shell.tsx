// The frame of every screen: the top bar, and the sign-in dialog once the session has ended.
import { Button, Menu, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { ChevronDown, LogOut, Monitor, Moon, Sun } from 'lucide-react';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import type { Role, User } from '../api/types.ts';
import { Loading } from '../parts/states.tsx';
import { CartButton } from '../screens/shop/cart-button.tsx';
import { Logo } from './logo.tsx';
import { hasRole, ScreenUser, useSession, useSharedSession, useSignOut } from '../api/session.ts';
import classes from './shell.module.css';

interface Destination {
  readonly to: string;
  readonly label: string;
  /** Absent: visible to everybody, signed in or not. */
  readonly role?: Role;
}
const destinations: readonly Destination[] = [
  { to: '/shop', label: 'Shop', role: 'USER' },
  { to: '/orders', label: 'My orders', role: 'USER' },
  { to: '/to-ship', label: 'To ship', role: 'SELLER' },
  { to: '/stock', label: 'Stock', role: 'SELLER' },
  { to: '/map', label: 'Map', role: 'ADMIN' },
  { to: '/all-orders', label: 'Orders', role: 'ADMIN' },
  { to: '/pipelines', label: 'Pipelines', role: 'ADMIN' },
  { to: '/invariants', label: 'Invariants', role: 'ADMIN' },
  { to: '/failed', label: 'Dead letters', role: 'ADMIN' },
  { to: '/events', label: 'Events', role: 'ADMIN' },
  { to: '/access', label: 'Access', role: 'ADMIN' },
  { to: '/audit-log', label: 'Audit log', role: 'ADMIN' },
  { to: '/status', label: 'Status' },
];

const Navigation = ({ user }: { user: User | null }) => {
  const nav = useRef<HTMLElement>(null);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  // On a narrow screen the navigation scrolls sideways: keep the current item in view.
  useEffect(() => {
    nav.current?.querySelector('[data-active]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [path]);
  return (
    <nav ref={nav} aria-label="Main" className={classes['nav']}>
      {destinations
        .filter(({ role }) => role === undefined || hasRole(user, role))
        .map(({ to, label }) => (
          <Link key={to} to={to} activeProps={{ 'data-active': true }}>
            {label}
          </Link>
        ))}
    </nav>
  );
};

const UserMenu = ({ user }: { user: User }) => {
  const { setColorScheme } = useMantineColorScheme();
  const signOut = useSignOut();
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <UnstyledButton className={classes['user']} aria-label={`Account: ${user.email ?? user.id}`}>
          <span>{user.email ?? user.id}</span>
          <ChevronDown size={14} aria-hidden="true" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Theme</Menu.Label>
        <Menu.Item leftSection={<Monitor size={14} />} onClick={() => setColorScheme('auto')}>
          System
        </Menu.Item>
        <Menu.Item leftSection={<Sun size={14} />} onClick={() => setColorScheme('light')}>
          Light
        </Menu.Item>
        <Menu.Item leftSection={<Moon size={14} />} onClick={() => setColorScheme('dark')}>
          Dark
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item
          leftSection={<LogOut size={14} />}
          onClick={() => {
            signOut.mutate();
          }}
        >
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
};

const TopBar = ({ user }: { user: User | null }) => {
  const isSignInPage = useRouterState({ select: ({ location }) => location.pathname === '/sign-in' });
  return (
    <header className={classes['bar']}>
      <a href="#content" className={classes['skip']}>
        Skip to content
      </a>
      <Link to="/" className={classes['logo']}>
        <Logo />
        OrderFlow
      </Link>
      <Navigation user={user} />
      <span className={classes['push']}>
        {hasRole(user, 'USER') && <CartButton />}
        {user !== null && <UserMenu user={user} />}
        {user === null && !isSignInPage && (
          <Button component={Link} to="/sign-in" variant="default">
            Sign in
          </Button>
        )}
      </span>
    </header>
  );
};

// Loaded on demand, because most users leave before their session ends.
const SessionEnded = lazy(() => import('../screens/sign-in/session-ended.tsx'));

const Screen = () => {
  const { user } = useSession();
  const [screenUser, setScreenUser] = useState(user);
  if (user !== null && user.id !== screenUser?.id) setScreenUser(user);
  useSharedSession(screenUser);
  return (
    <ScreenUser value={screenUser}>
      <TopBar user={screenUser} />
      <Suspense fallback={<Loading />}>
        <Outlet />
      </Suspense>
      {user === null && screenUser !== null && (
        <Suspense>
          <SessionEnded user={screenUser} />
        </Suspense>
      )}
    </ScreenUser>
  );
};

export const Shell = () => (
  <Suspense fallback={<Loading />}>
    <Screen />
  </Suspense>
);
