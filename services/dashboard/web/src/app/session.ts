// The signed-in user, signing in and out, and keeping all tabs of the browser on the same session.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { sessionQuery } from '../api/queries.ts';
import { createContext, use, useEffect } from 'react';
import { request } from '../api/request.ts';
import type { Role, Session, User } from '../api/types.ts';

const otherTabs = new BroadcastChannel('orderflow-session');

export const useSession = (): Session => useSuspenseQuery(sessionQuery).data;

/** The user of the screen. It stays set when the session ends, so that the screen keeps its input until the user signs in again. */
export const ScreenUser = createContext<User | null>(null);

/** Only for screens that require a signed-in user; throws without one. */
export const useUser = (): User => {
  const user = use(ScreenUser);
  if (user === null) throw new Error('No user is signed in.');
  return user;
};

export const hasRole = (user: User | null, role: Role): boolean => user?.roles.includes(role) === true;

/** Tells the other tabs that a user signed in or out. */
export const notifyOtherTabs = (): void => {
  otherTabs.postMessage('changed');
};

/**
 * Follows sign-ins and sign-outs in other tabs. For another user the page is reloaded, so that no data of the previous user
 * stays on the screen. The same user keeps the page and its input.
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

/** Starts the sign-in at the OIDC provider, which then returns to the path `to`. */
export const providerAddress = (to: string): string =>
  `/session/provider?${new URLSearchParams({ to }).toString()}`;

export const useSignIn = () => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (credentials: { readonly email: string; readonly password: string }) =>
      request<Session>('/session', { method: 'POST', body: credentials }),
    onSuccess: (session) => {
      const before = client.getQueryData(sessionQuery.queryKey)?.user;
      // Data that another user loaded must not be shown to this one.
      if (before?.id !== session.user?.id)
        client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
      client.setQueryData(sessionQuery.queryKey, session);
      notifyOtherTabs();
    },
  });
};

export const useSignOut = () =>
  useMutation({
    mutationFn: () => request<{ readonly continueAt: string | null }>('/session', { method: 'DELETE' }),
    onSuccess: ({ continueAt }) => {
      notifyOtherTabs();
      // A full page load clears the user's data from memory.
      window.location.assign(continueAt ?? '/sign-in');
    },
  });
