// The shared query cache. After a 401 response the session is read again, so every screen notices at once that the session has
// ended.
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { sessionQuery } from './queries.ts';
import { isOutcomeUnknown, Problem } from './request.ts';

const onError = (error: unknown): void => {
  if (error instanceof Problem && error.status === 401 && error.code === 'unauthenticated')
    void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
};

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      networkMode: 'always',
      // A request that failed with a 4xx would fail again. A network error or a 5xx is often temporary.
      retry: (failures, error) => isOutcomeUnknown(error) && failures < 2,
    },
    // Without a connection, a request fails at once and the page says so; it must not be sent later, unseen.
    mutations: { retry: false, networkMode: 'always' },
  },
});
