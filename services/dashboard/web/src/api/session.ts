// The signed-in user, signing in and out, and the synchronisation of the session between the tabs of the browser.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { sessionQuery } from './queries.ts';
import { createContext, use, useEffect } from 'react';
import { request } from './request.ts';
import type { Role, Session, User } from './types.ts';

const otherTabs = new BroadcastChannel('orderflow-session');

export const useSession = (): Session => useSuspenseQuery(sessionQuery).data;

/** The user for whom the screen was opened. The value stays set when the session ends, so that the screen keeps its input until
 *  the user signs in again. */
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
 * Reacts to sign-ins and sign-outs in other tabs. If the user has changed, the page is reloaded, so that no data of the previous
 * user stays on the screen. If the user is the same, the page keeps its input.
 */
export const useSharedSession = (screenUser: User | null): void => {
  const client = useQueryClient();
  const id = screenUser?.id;
  useEffect(() => {
    const reloadIfUserChanged = async (): Promise<void> => {
      // An unknown user counts as a different one.
      const session = await client.query({ ...sessionQuery, staleTime: 0 }).catch(() => undefined);
      if (session === undefined || session.user?.id !== id) window.location.reload();
    };
    const onChange = (): void => void reloadIfUserChanged();
    otherTabs.addEventListener('message', onChange);
    return () => {
      otherTabs.removeEventListener('message', onChange);
    };
  }, [client, id]);
};

/** The address that starts the sign-in at the OIDC provider. After the sign-in the provider redirects to the path `to`. */
export const providerAddress = (to: string): string =>
  `/session/provider?${new URLSearchParams({ to }).toString()}`;

export const useSignIn = () => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (credentials: { readonly email: string; readonly password: string }) =>
      request<Session>('/session', { method: 'POST', body: credentials }),
    onSuccess: (session) => {
      const previousUser = client.getQueryData(sessionQuery.queryKey)?.user;
      // Cached data of the previous user must not be shown to a different user.
      if (previousUser?.id !== session.user?.id)
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
