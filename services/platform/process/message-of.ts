/**
 * The message of anything that was thrown. A connection that every address of a host refuses fails with an AggregateError, which
 * has no message of its own.
 */
export const messageOf = (thrown: unknown): string => {
  if (thrown instanceof AggregateError && thrown.message === '')
    return thrown.errors.map(messageOf).join('; ');
  return thrown instanceof Error ? thrown.message : String(thrown);
};
