// A transaction that waits for the server only where it needs a result: BEGIN is sent together with the first statements, and
// statements that `work` has started without awaiting them are sent together with COMMIT.
import type postgres from 'postgres';
import { errorCodeOf } from '../process/error-code.ts';
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
    ['CONNECTION_CLOSED', 'CONNECT_TIMEOUT'].includes(errorCodeOf(error) ?? ''));

/** True for the error of a statement that follows a failed statement of the same transaction. */
const isConsequence = (error: unknown): boolean =>
  error instanceof Error && (errorCodeOf(error) === '25P02' || isConsequence(error.cause));

/** The error of a transaction among those of its statements. */
const rootCauseOf = (errors: readonly unknown[]): unknown =>
  errors.find((error) => !isConsequence(error)) ?? errors[0];

const tooManyParameters = 65_534;
/** Why a statement would hang in the driver, neither sent nor rejected; undefined when the driver can send it. */
const unsendable = (parameters: readonly unknown[]): string | undefined => {
  if (parameters.includes(undefined)) return 'a parameter of a statement is undefined';
  return parameters.length < tooManyParameters ? undefined : 'a statement has too many parameters';
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
  let unanswered = 0;
  const sent: Promise<unknown>[] = [];
  const errors: unknown[] = [];

  const end = (): void => {
    isOver = true;
    session.unsafe = unsafeAfterEnd;
  };

  const unsafe = unsafeOf(session.client);
  const send: Unsafe = (text, parameters = []) => {
    const problem = unsendable(parameters);
    if (problem !== undefined) {
      const error = new TypeError(problem);
      errors.push(error);
      throw error;
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
        errors.push(error);
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
  /** Settles like `result`, but rejects when the connection is lost before `result` has settled. */
  const orLoss = <Result>(result: Promise<Result>): Promise<Result> => Promise.race([result, loss.promise]);
  /**
   * Resolves when the server has answered every statement. If a table has changed, the driver sends its prepared statement again,
   * behind all statements that were sent meanwhile. The connection must not be used before the answer to this repetition.
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
    const losses = errors.filter(isLossOfConnection);
    if (losses.length > 0) throw losses[0];
    if (outcome.status === 'rejected' || errors.length > 0) {
      await allAnswered();
      await orLoss(send('rollback'));
      session.isInTransaction = false;
      throw rootCauseOf(outcome.status === 'rejected' ? [outcome.reason, ...errors] : errors);
    }
    // If a statement fails before the server has read COMMIT, the server rolls back.
    const { command } = await orLoss(send('commit'));
    await allAnswered();
    session.isInTransaction = false;
    if (errors.length > 0) throw rootCauseOf(errors);
    if (command !== 'COMMIT') throw new DependencyUnavailable('the transaction was rolled back');
    return outcome.value;
  } finally {
    end();
  }
}
