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
  /** True after the first answer of the server. */
  isConnected: boolean;
  /** True until the server has answered COMMIT or ROLLBACK. */
  isInTransaction: boolean;
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

/** True for errors that are followed by the end of the connection. */
export const isLossOfConnection = (error: unknown): boolean =>
  error instanceof Error &&
  ('syscall' in error ||
    ('severity' in error && (error.severity === 'FATAL' || error.severity === 'PANIC')) ||
    ('code' in error && (error.code === 'CONNECTION_CLOSED' || error.code === 'CONNECT_TIMEOUT')));

/** True for the error of a statement after another one of its transaction has failed. */
const isConsequence = (error: unknown): boolean =>
  error instanceof Error && (('code' in error && error.code === '25P02') || isConsequence(error.cause));

const maximumParameters = 65_534;
/** Why the driver would neither send nor reject a statement; undefined when it can send it. */
const unsendable = (parameters: readonly unknown[]): string | undefined => {
  if (parameters.includes(undefined)) return 'a parameter of a statement is undefined';
  return parameters.length < maximumParameters ? undefined : 'a statement has too many parameters';
};

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
  const sent: Promise<unknown>[] = [];

  const end = (): void => {
    isOver = true;
    session.unsafe = unsafeAfterEnd;
  };
  const fail = (error: unknown): void => {
    if (failed === undefined || isConsequence(failed.error)) failed = { error };
  };

  const unsafe = unsafeOf(session.client);
  const send: Unsafe = (text, parameters = []) => {
    const problem = unsendable(parameters);
    if (problem !== undefined) {
      fail(new TypeError(problem));
      throw new TypeError(problem);
    }
    const query = unsafe(text, parameters);
    if (unanswered === 0) onRoundTrip();
    unanswered += 1;
    const answered = query.then(
      () => {
        unanswered -= 1;
      },
      (error: unknown) => {
        unanswered -= 1;
        fail(error);
      },
    );
    sent.push(answered);
    return query;
  };
  const loss = Promise.withResolvers<never>();
  loss.promise.catch(() => undefined);
  session.onLoss = () => {
    end();
    loss.reject(new DependencyUnavailable('the connection to the database was lost during a transaction'));
  };
  /** Rejects when the connection is lost, with the error of a statement if there is one. */
  const orLoss = <Result>(result: Promise<Result>): Promise<Result> => Promise.race([result, loss.promise]);
  /**
   * Resolves when no statement is waiting. After a change of its table, the driver repeats a prepared statement, behind all that
   * was sent meanwhile; the connection must not be used before its answer.
   */
  const allAnswered = (): Promise<unknown> => orLoss(Promise.all(sent));

  try {
    session.isInTransaction = true;
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
    const [outcome] = await orLoss(settled);
    await statementsReachDriver();
    end();
    const failure = (): { readonly error: unknown } | undefined => failed;
    if (isLossOfConnection(failure()?.error)) throw failure()?.error;
    if (outcome.status === 'rejected' || failure()) {
      await allAnswered();
      await orLoss(send('rollback'));
      session.isInTransaction = false;
      const reason: unknown = outcome.status === 'rejected' ? outcome.reason : failure()?.error;
      throw isConsequence(reason) ? (failure()?.error ?? reason) : reason;
    }
    // If a statement fails before the server has read COMMIT, the server rolls back.
    const { command } = await orLoss(send('commit'));
    await allAnswered();
    session.isInTransaction = false;
    if (failure()) throw failure()?.error;
    if (command !== 'COMMIT') throw new DependencyUnavailable('the transaction was rolled back');
    return outcome.value;
  } finally {
    end();
  }
}
