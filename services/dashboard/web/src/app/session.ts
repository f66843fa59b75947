// Who is signed in, and what changes when somebody signs in or out, in this tab and in the others.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { sessionQuery } from '../api/queries.ts';
import { createContext, use } from 'react';
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

/** Follows what other tabs do. Returns the function that stops it. */
export const followOtherTabs = (onChange: () => void): (() => void) => {
  otherTabs.addEventListener('message', onChange);
  return () => {
    otherTabs.removeEventListener('message', onChange);
  };
};

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
      otherTabs.postMessage('changed');
    },
  });
};

export const useSignOut = () =>
  useMutation({
    mutationFn: () => request<undefined>('/session', { method: 'DELETE' }),
    onSuccess: () => {
      otherTabs.postMessage('changed');
      // What the user saw must not stay in memory, so the page is loaded anew.
      window.location.assign('/sign-in');
    },
  });
