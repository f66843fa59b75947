// A pool of connections. Each connection is a driver client that is limited to one connection, so a transaction can send its
// first statements together with BEGIN. The driver's own pool would wait for the answer to BEGIN first.
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { createConnectionQueue, type ConnectionQueue } from './connection-queue.ts';
import {
  inTransaction,
  isLossOfConnection,
  unsafeAfterEnd,
  type Session,
  type Unsafe,
} from './transaction.ts';
import { DependencyUnavailable } from './transient.ts';

/** For each running transaction: the `db` of its connection. */
export const connections = new WeakMap<object, PostgresJsDatabase>();

/** Longest use of a connection, in milliseconds; a server process grows with the statements that it has prepared. */
const maxLifetimeMs = 30 * 60_000;

/** Longest wait for the first answer of the server; longer than a connection attempt and a statement can take together. */
const connectWithinMs = 12_000;

/** A connection of the pool. It is used until it is closed, and never opened again. */
interface PooledSession extends Session {
  /** Drizzle over this connection. Its statements run in the current transaction of the connection. */
  readonly db: PostgresJsDatabase;
  /** Milliseconds of the monotonic clock. */
  readonly openedAt: number;
}

interface Pool {
  /** Runs the work with a connection that no other work uses. Throws DependencyUnavailable when none is free in time. */
  readonly run: <T>(work: (session: PooledSession) => PromiseLike<T>) => Promise<T>;
  readonly saturated: ConnectionQueue['saturated'];
  /** Waits up to `seconds` for running queries, then closes. */
  readonly close: (seconds: number) => Promise<void>;
}

/** The functions of the driver that Drizzle calls. */
interface DriverCalls {
  unsafe(...statement: Parameters<Unsafe>): PromiseLike<unknown> & { values(): PromiseLike<unknown> };
  begin?(work: (transaction: { readonly unsafe: Unsafe }) => Promise<unknown>): Promise<unknown>;
}

/** Drizzle that calls these functions instead of the driver. It replaces parsers and serializers of types in `options`. */
export const drizzleOver = (
  calls: DriverCalls,
  options: Pick<postgres.ParsedOptions, 'parsers' | 'serializers'> = { parsers: {}, serializers: {} },
): PostgresJsDatabase => drizzle({ options, ...calls } as unknown as postgres.Sql);

interface PoolOptions {
  readonly url: string;
  readonly size: number;
  /** Longest wait for a connection, in milliseconds. */
  readonly waitMs: number;
  readonly driver: postgres.Options<Record<string, postgres.PostgresType>>;
  /** Called for each wait for the server in a transaction. */
  readonly onRoundTrip: () => void;
}

/** Opens connections when they are needed, and replaces lost ones. */
export const createPool = ({ url, size, waitMs, driver, onRoundTrip }: PoolOptions): Pool => {
  const queue = createConnectionQueue({ connections: size, waitMs });
  const sessions = new Set<PooledSession>();
  const free: PooledSession[] = [];
  let isClosed = false;

  const open = (): PooledSession => {
    if (isClosed) throw new DependencyUnavailable('the connection to the database is closed');
    const client = postgres(url, {
      ...driver,
      max: 1,
      // The driver would end the connection in the middle of a transaction.
      max_lifetime: null,
      onclose: () => {
        session.onLoss();
        // The driver would send waiting statements over a new connection, without their transaction.
        discard(session, 0);
      },
    });
    const session: PooledSession = {
      client,
      db: drizzleOver(
        {
          unsafe: (text, parameters) => session.unsafe(text, parameters),
          begin: (work) => inTransaction(session, onRoundTrip, (unsafe) => work({ unsafe })),
        },
        client.options,
      ),
      unsafe: unsafeAfterEnd,
      openedAt: performance.now(),
      isConnected: false,
      isInTransaction: false,
      onLoss: () => undefined,
    };
    sessions.add(session);
    return session;
  };
  const discard = (session: PooledSession, seconds: number): void => {
    sessions.delete(session);
    if (free.includes(session)) free.splice(free.indexOf(session), 1);
    void session.client.end({ timeout: seconds });
  };
  const take = (): PooledSession => {
    const session = free.pop();
    if (session === undefined) return open();
    if (performance.now() - session.openedAt < maxLifetimeMs) return session;
    discard(session, 5);
    return open();
  };

  return {
    run: (work) =>
      queue.run(async () => {
        const session = take();
        // The driver repeats the attempt without a limit when the server closes the connection before its first answer.
        const abandon = (): void => {
          if (!session.isConnected) discard(session, 0);
        };
        const deadline = session.isConnected ? undefined : setTimeout(abandon, connectWithinMs);
        try {
          const result = await work(session);
          session.isConnected = true;
          return result;
        } catch (error) {
          if (session.isInTransaction || isLossOfConnection(error)) discard(session, 0);
          throw error;
        } finally {
          clearTimeout(deadline);
          if (sessions.has(session)) free.push(session);
        }
      }),
    saturated: queue.saturated,
    close: async (seconds) => {
      isClosed = true;
      await Promise.all([...sessions].map(({ client }) => client.end({ timeout: seconds })));
    },
  };
};
