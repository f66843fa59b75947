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
      // After a 4xx the same request would fail again. A network error or a 5xx is often temporary.
      retry: (failures, error) => isOutcomeUnknown(error) && failures < 2,
    },
    // Without a connection a mutation fails at once, and the page shows the error. By default, TanStack Query would wait and send
    // the mutation later, when the user no longer expects it.
    mutations: { retry: false, networkMode: 'always' },
  },
});
