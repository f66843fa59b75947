// The cache of everything that was read. An answer 401 ends the session for every screen at once.
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { sessionQuery } from '../api/queries.ts';
import { isUnanswered, Problem } from '../api/request.ts';

const signedOut = (error: unknown): void => {
  if (error instanceof Problem && error.status === 401 && error.code === 'unauthenticated')
    void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
};

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: signedOut }),
  mutationCache: new MutationCache({ onError: signedOut }),
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      // What was refused is refused again; what was not answered may be answered later.
      retry: (failures, error) => isUnanswered(error) && failures < 2,
    },
    mutations: { retry: false },
  },
});
