// A transaction that waits for the server only where it needs a result: BEGIN is sent together with the first statements, and
// statements that `work` has started without awaiting them are sent together with COMMIT.
import type postgres from 'postgres';
import { DependencyUnavailable } from './transient.ts';

export type Unsafe = (
  text: string,
  parameters?: Parameters<postgres.Sql['unsafe']>[1],
) => ReturnType<postgres.Sql['unsafe']>;

/** One connection, which runs one transaction at a time. */
export interface Session {
  /** A client of the driver with one connection. It sends queries in the sequence of the calls, without waiting for results. */
  readonly client: postgres.Sql;
  /** Sends a statement in the current transaction. Throws when there is none. */
  unsafe: Unsafe;
  /** True after the first BEGIN, until the connection is lost. */
  isConnected: boolean;
  /** Called when the connection is lost. */
  onLoss: () => void;
}

/** Each statement is prepared once per connection: the server parses it once, and sending it takes one message instead of two. */
export const unsafeOf =
  (client: postgres.Sql): Unsafe =>
  (text, parameters) =>
    client.unsafe(text, parameters, { prepare: true });

/** The `unsafe` of a session without a transaction. */
export const unsafeAfterEnd: Unsafe = () => {
  throw new Error('a statement was sent after the end of its transaction');
};

/** Resolves when all statements that `work` has started have reached the driver. */
const statementsReachDriver = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** True for errors that are followed by the end of the connection. The driver opens a new one for the next query. */
export const isLossOfConnection = (error: unknown): boolean =>
  error instanceof Error &&
  ('syscall' in error ||
    ('severity' in error && (error.severity === 'FATAL' || error.severity === 'PANIC')) ||
    ('code' in error && (error.code === 'CONNECTION_CLOSED' || error.code === 'CONNECT_TIMEOUT')));

/**
 * Runs `work` in a transaction. Statements that `work` has started without awaiting them belong to the transaction: when one of
 * them fails, nothing is committed and its error is thrown.
 * @param onRoundTrip Called for each wait for the server, once for statements that are sent together.
 */
export async function inTransaction<T>(
  session: Session,
  onRoundTrip: () => void,
  work: (unsafe: Unsafe) => Promise<T>,
): Promise<T> {
  let isOver = false;
  let failed: { readonly error: unknown } | undefined;
  let unanswered = 0;

  const end = (): void => {
    isOver = true;
    session.unsafe = unsafeAfterEnd;
  };

  const unsafe = unsafeOf(session.client);
  const send: Unsafe = (text, parameters) => {
    const query = unsafe(text, parameters);
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
  const loss = Promise.withResolvers<never>();
  loss.promise.catch(() => undefined);
  session.onLoss = () => {
    end();
    loss.reject(new DependencyUnavailable('the connection to the database was lost during a transaction'));
  };
  const throwIfLost = async (): Promise<void> => {
    if (!session.isConnected) await loss.promise;
  };

  try {
    const begun = send('begin read write');
    // The driver repeats the connection attempt for each waiting query, so only BEGIN waits for a new connection.
    if (!session.isConnected) {
      await begun;
      session.isConnected = true;
    }
    session.unsafe = send;
    const settled = Promise.allSettled([
      // After the end, the connection may belong to another transaction.
      work((text, parameters) => (isOver ? unsafeAfterEnd : send)(text, parameters)),
    ]);
    const [outcome] = await Promise.race([settled, loss.promise]);
    await statementsReachDriver();
    end();
    if (failed && isLossOfConnection(failed.error)) throw failed.error;
    await throwIfLost();
    if (outcome.status === 'rejected') {
      await send('rollback');
      throw outcome.reason;
    }
    // If a statement fails before the server has read COMMIT, the server rolls back.
    await send('commit');
    // The driver sends a waiting COMMIT over the new connection after a loss.
    await throwIfLost();
    if (failed) throw failed.error;
    return outcome.value;
  } finally {
    end();
  }
}
