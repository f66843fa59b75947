// Who is signed in, and what changes when somebody signs in or out, in this tab and in the others.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { sessionQuery } from '../api/queries.ts';
import { createContext, use, useEffect } from 'react';
import { request } from '../api/request.ts';
import type { Role, Session, User } from '../api/types.ts';

const otherTabs = new BroadcastChannel('orderflow-session');

export const useSession = (): Session => useSuspenseQuery(sessionQuery).data;

/** Whose screen is shown: it stays while a session that has ended is begun anew. */
export const ScreenUser = createContext<User | null>(null);

/** The user of a screen that is only shown to somebody who is signed in. */
export const useUser = (): User => {
  const user = use(ScreenUser);
  if (user === null) throw new Error('Nobody is signed in.');
  return user;
};

export const hasRole = (user: User | null, role: Role): boolean => user?.roles.includes(role) === true;

/** Lets the other tabs know that somebody signed in or out. */
export const tellOtherTabs = (): void => {
  otherTabs.postMessage('changed');
};

/**
 * Follows what other tabs do. Of another user nothing may stay on the screen, so it is loaded anew; the same user goes on, with
 * what was entered.
 */
export const useSharedSession = (screenUser: User | null): void => {
  const client = useQueryClient();
  const id = screenUser?.id;
  useEffect(() => {
    const follow = async (): Promise<void> => {
      const { user } = await client.query({ ...sessionQuery, staleTime: 0 });
      if (user?.id !== id) window.location.reload();
    };
    const onChange = (): void => void follow();
    otherTabs.addEventListener('message', onChange);
    return () => {
      otherTabs.removeEventListener('message', onChange);
    };
  }, [client, id]);
};

/** Where the browser goes to sign in at the OIDC provider, and then on to an address of the pages. */
export const providerAddress = (to: string): string =>
  `/session/provider?${new URLSearchParams({ to }).toString()}`;

export const useSignIn = () => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (credentials: { readonly email: string; readonly password: string }) =>
      request<Session>('/session', { method: 'POST', body: credentials }),
    onSuccess: (session) => {
      const before = client.getQueryData(sessionQuery.queryKey)?.user;
      // What another user saw is not for this one.
      if (before?.id !== session.user?.id)
        client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
      client.setQueryData(sessionQuery.queryKey, session);
      tellOtherTabs();
    },
  });
};

export const useSignOut = () =>
  useMutation({
    mutationFn: () => request<{ readonly continueAt: string | null }>('/session', { method: 'DELETE' }),
    onSuccess: ({ continueAt }) => {
      tellOtherTabs();
      // What the user saw must not stay in memory, so the page is loaded anew.
      window.location.assign(continueAt ?? '/sign-in');
    },
  });
