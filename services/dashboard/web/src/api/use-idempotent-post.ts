// A POST with an idempotency key. The key stays the same until the request is answered, so a second click or a retry has no second
// effect. After a success or a refusal, the next attempt gets a new key.
import { useMutation, useQueryClient, type UseMutationResult } from '@tanstack/react-query';
import { useRef } from 'react';
import { isUnanswered, request, type Problem } from './request.ts';

interface IdempotentPostOptions<Answer> {
  readonly onSuccess?: (answer: Answer) => unknown;
  readonly onSettled?: () => unknown;
}

/** `mutate` takes the body, or undefined. A different body gets a new key: the service refuses to use a key for two bodies. */
export const useIdempotentPost = <Answer, Body = undefined>(
  path: string,
  { onSuccess, onSettled }: IdempotentPostOptions<Answer>,
): UseMutationResult<Answer, Problem, Body> => {
  const lastSent = useRef<{ readonly key: string; readonly bodyText: string } | undefined>(undefined);
  const client = useQueryClient();
  const mutationKey = ['post', path];
  const mutation = useMutation<Answer, Problem, Body>({
    mutationKey,
    mutationFn: (body) => {
      const bodyText = JSON.stringify({ body });
      if (lastSent.current?.bodyText !== bodyText) lastSent.current = { key: crypto.randomUUID(), bodyText };
      return request<Answer>(path, {
        method: 'POST',
        headers: { 'Idempotency-Key': lastSent.current.key },
        body,
      });
    },
    onSuccess: (answer) => onSuccess?.(answer),
    onSettled: (_answer, error) => {
      if (!isUnanswered(error)) lastSent.current = undefined;
      return onSettled?.();
    },
  });
  // The second click of a double click arrives before the button is disabled, so it is dropped here.
  const mutate: typeof mutation.mutate = (...given) => {
    if (client.isMutating({ mutationKey }) === 0) mutation.mutate(...given);
  };
  return { ...mutation, mutate };
};
