// A POST that is safe to repeat. The idempotency key is kept until there is an answer, so a second click or a retry is the same
// request. After an answer, even an error, the next attempt gets a new key.
import { useMutation, type UseMutationResult } from '@tanstack/react-query';
import { useRef } from 'react';
import { isUnanswered, request, type Problem } from './request.ts';

interface KeyedPostOptions<Answer> {
  readonly onSuccess?: (answer: Answer) => unknown;
  readonly onSettled?: () => unknown;
}

/** `mutate` takes the body, or undefined. Another body gets another key: the service refuses a key that was used with another body. */
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
