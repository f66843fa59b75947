// A POST that is safe to repeat. Its idempotency key stays while there is no answer, so a second click or a second try is the
// same request; after an answer, also a refusal, the next try is another request.
import { useMutation, type UseMutationResult } from '@tanstack/react-query';
import { useRef } from 'react';
import { isUnanswered, request, type Problem } from './request.ts';

interface KeyedPostOptions<Answer> {
  readonly onSuccess?: (answer: Answer) => unknown;
  readonly onSettled?: () => unknown;
}

/** `mutate` takes the body; undefined for none. Another body is another request: the path and the body are bound to the key. */
export const useKeyedPost = <Answer, Body = undefined>(
  path: string,
  { onSuccess, onSettled }: KeyedPostOptions<Answer>,
): UseMutationResult<Answer, Problem, Body> => {
  const sent = useRef<{ readonly key: string; readonly text: string } | undefined>(undefined);
  return useMutation<Answer, Problem, Body>({
    mutationFn: (body) => {
      const text = JSON.stringify({ body });
      if (sent.current?.text !== text) sent.current = { key: crypto.randomUUID(), text };
      return request<Answer>(path, {
        method: 'POST',
        headers: { 'Idempotency-Key': sent.current.key },
        body,
      });
    },
    onSuccess: (answer) => onSuccess?.(answer),
    onSettled: (_answer, error) => {
      if (!isUnanswered(error)) sent.current = undefined;
      return onSettled?.();
    },
  });
};
