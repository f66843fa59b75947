// The shared query cache. A 401 reads the session again, so every screen sees at once that it has ended.
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { sessionQuery } from '../api/queries.ts';
import { isUnanswered, Problem } from '../api/request.ts';

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
      // A 4xx would fail again. A network error or a 5xx may pass.
      retry: (failures, error) => isUnanswered(error) && failures < 2,
    },
    mutations: { retry: false },
  },
});
