// A transaction that waits for the server only where it needs a result: statements that `work` has started without awaiting them
// are sent together with COMMIT.
import type postgres from 'postgres';

type Unsafe = (...query: Parameters<postgres.Sql['unsafe']>) => ReturnType<postgres.Sql['unsafe']>;

/** Resolves when all statements that `work` has started have reached the driver. */
const statementsReachDriver = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

const isLossOfConnection = (error: unknown): boolean =>
  error instanceof Error &&
  ('syscall' in error || ('code' in error && String(error.code).startsWith('CONNECTION_')));

/**
 * Runs `work` in a transaction. Statements that `work` has started without awaiting them belong to the transaction: when one of
 * them fails, nothing is committed and its error is thrown.
 * @param onRoundTrip Called for each wait for the server, once for statements that are sent together.
 */
export async function inTransaction<T>(
  client: postgres.Sql,
  onRoundTrip: () => void,
  work: (sql: { readonly unsafe: Unsafe }) => Promise<T>,
): Promise<T> {
  let isOver = false;
  let hasEnded = false;
  let failed: { readonly error: unknown } | undefined;
  let unanswered = 0;

  /** Each statement is prepared once per connection: the server parses it once, and sending it takes one message instead of two. */
  const sender =
    (sql: postgres.TransactionSql): Unsafe =>
    (text, parameters) => {
      // After a lost connection, the driver would run the statement on another connection, outside of any transaction.
      if (isOver) throw new Error('a statement was sent after the end of its transaction');
      const query = sql.unsafe(text, parameters, { prepare: true });
      if (unanswered === 0) onRoundTrip();
      unanswered += 1;
      query.then(
        () => {
          unanswered -= 1;
        },
        (error: unknown) => {
          unanswered -= 1;
          failed ??= { error };
        },
      );
      return query;
    };

  onRoundTrip();
  try {
    const result = await client.begin(async (sql) => {
      const [outcome] = await Promise.allSettled([work({ unsafe: sender(sql) })]);
      await statementsReachDriver();
      // If this function returned, the driver would write COMMIT or ROLLBACK to a closed socket, which ends the process. So it
      // never returns; the driver rejects the promise of `begin` when the connection is lost.
      if (hasEnded || isLossOfConnection(failed?.error)) return await new Promise<never>(() => undefined);
      isOver = true;
      if (unanswered === 0) onRoundTrip();
      if (outcome.status === 'rejected') throw outcome.reason;
      return { value: outcome.value };
    });
    // COMMIT was sent before the error of the statement arrived; the server has rolled back.
    if (failed) throw failed.error;
    return result.value;
  } finally {
    isOver = true;
    hasEnded = true;
  }
}
