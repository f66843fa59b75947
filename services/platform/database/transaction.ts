// A transaction that waits for the server only where it needs an answer: COMMIT is sent right behind the statements that `work` has
// started without waiting for them, and they are sent together.
import type postgres from 'postgres';

type Unsafe = (...query: Parameters<postgres.Sql['unsafe']>) => ReturnType<postgres.Sql['unsafe']>;

/** Resolves when every statement that was started without a wait in between has reached the driver. */
const statementsReachDriver = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

const isLossOfConnection = (error: unknown): boolean =>
  error instanceof Error &&
  ('syscall' in error || ('code' in error && String(error.code).startsWith('CONNECTION_')));

/**
 * Runs `work` in a transaction. Statements that `work` has started without waiting belong to it: when one of them fails, nothing is
 * committed and its error is thrown.
 * @param onRoundTrip Called for each wait for the server; statements that are sent together are one.
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

  /** Statements are prepared once a connection: the server plans each once, and each is one message instead of two. */
  const sender =
    (sql: postgres.TransactionSql): Unsafe =>
    (text, parameters) => {
      // After the loss of its connection the driver would run it on the next one, outside of any transaction.
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
      // The driver would write COMMIT or ROLLBACK to a socket that is gone, which ends the process. It rejects `begin` by itself.
      if (hasEnded || isLossOfConnection(failed?.error)) return await new Promise<never>(() => undefined);
      isOver = true;
      if (unanswered === 0) onRoundTrip();
      if (outcome.status === 'rejected') throw outcome.reason;
      return { value: outcome.value };
    });
    // The server has answered the COMMIT behind it with a rollback.
    if (failed) throw failed.error;
    return result.value;
  } finally {
    isOver = true;
    hasEnded = true;
  }
}
