import { DrizzleQueryError } from 'drizzle-orm/errors';

/** Whether only the cause has the reason: the message of Drizzle repeats the query, and the message of `fetch` is "fetch failed". */
const hasReasonInCause = (error: Error): boolean =>
  error.cause instanceof Error && (error instanceof DrizzleQueryError || error.message === 'fetch failed');

/**
 * The message of anything that was thrown, with the reason of the failure. If every address of a host refuses the connection, the
 * error is an AggregateError, which has no message of its own.
 */
export const messageOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown);
  if (hasReasonInCause(thrown)) return messageOf(thrown.cause);
  if (thrown instanceof AggregateError && thrown.message === '')
    return thrown.errors.map(messageOf).join('; ');
  return thrown.message || thrown.name;
};
