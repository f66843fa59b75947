// The connection to the service's PostgreSQL database. Every wait has a timeout on the server, so a lost client or a forgotten lock
// ends in an error that is retried, never in a transaction that holds its locks for ever.
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { createConnectionQueue } from './connection-queue.ts';
import { connections } from './prepared.ts';
import {
  inTransaction,
  isLossOfConnection,
  unsafeAfterEnd,
  unsafeOf,
  type Session,
  type Unsafe,
} from './transaction.ts';
import { DependencyUnavailable } from './transient.ts';
import type { Trust } from '../process/security/pem.ts';

export type Database = PostgresJsDatabase;
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** A statement that is not sent yet. */
export interface Statement {
  execute(): Promise<unknown>;
}

/** Sends statements without waiting for them. If a statement fails, the transaction fails with the error of that statement. */
export const send = (statements: readonly Statement[]): Promise<unknown> => {
  const sent = Promise.all(statements.map((statement) => statement.execute()));
  sent.catch(() => undefined);
  return sent;
};

export interface Connection {
  readonly db: Database;
  /**
   * Resolves when a round trip succeeds. Rejects with the driver's error, or with DependencyUnavailable when no connection is free
   * in time.
   */
  ping(): Promise<void>;
  /** Why a query would probably not get a connection in time; undefined when it would. */
  saturated(): string | undefined;
  /** Counted since the pool was created; `ping` is not counted. */
  usage(): DatabaseUsage;
  /** Waits up to `seconds` (5 when absent) for running queries, then closes. */
  close(seconds?: number): Promise<void>;
}

interface Counts {
  transactions: number;
  /** How often the process has waited for an answer of the server. Statements that are sent together count once. */
  roundTrips: number;
}
export type DatabaseUsage = Readonly<Counts>;

export interface ConnectionOptions {
  /** Maximum number of connections; 16 when absent. */
  readonly poolSize?: number;
  /** Maximum milliseconds that a query or a transaction waits for a connection; 10,000 when absent. */
  readonly waitMs?: number;
  /** Maximum milliseconds that a statement waits for a lock; 3,000 when absent. */
  readonly lockTimeoutMs?: number;
  /** TLS; plain TCP when absent. */
  readonly tls?: Trust;
}

/**
 * Session settings that the code relies on, because a role or a database may have other defaults. With `DateStyle` German the
 * driver could not parse timestamps. With another isolation level, a transaction that has waited for a lock would read a stale row.
 */
export const sessionSettings = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  search_path: 'public',
  default_transaction_isolation: 'read committed',
} as const;

/**
 * A transaction sends its first statements together with BEGIN. If BEGIN fails, the server would execute and commit each of them
 * separately. Outside of a transaction that begins with READ WRITE, it refuses to write.
 */
const readOnlyByDefault = { default_transaction_read_only: true } as const;

/**
 * The driver would query the array types on each new connection. If the connection ends during that query, nobody handles its
 * rejection, and the process ends. Without the types, the driver neither accepts nor returns arrays: pass JSON. Array columns work,
 * because Drizzle converts their values to text and back.
 */
export const fetchTypes = false;

/** Longest use of a connection, in milliseconds; a server process grows with the statements that it has prepared. */
const maxLifetimeMs = 30 * 60_000;

/** A query that only reads. If it calls a function that writes, the server refuses it. */
const isPlainSelect = (text: string): boolean => /^\s*select\b/i.test(text);

/** A connection of the pool. */
interface PooledSession extends Session {
  /** Drizzle over this connection. Its statements run in the current transaction of the connection. */
  readonly db: Database;
  /** Milliseconds of the monotonic clock. */
  readonly openedAt: number;
}

/** The functions of the driver that Drizzle calls. */
interface DriverCalls {
  unsafe(...statement: Parameters<Unsafe>): PromiseLike<unknown> & { values(): PromiseLike<unknown> };
  begin?(work: (transaction: { readonly unsafe: Unsafe }) => Promise<unknown>): Promise<unknown>;
}

/** A driver for Drizzle with other functions. Drizzle sets the types that it expects in the options of `client`. */
const driverFor = (client: postgres.Sql, calls: DriverCalls): postgres.Sql =>
  ({ options: client.options, ...calls }) as unknown as postgres.Sql;

/**
 * A pool of connections, opened on first use and re-opened after a loss. Each connection is a client of the driver with one
 * connection, so that a transaction can send its first statements together with BEGIN. Each statement is prepared once per
 * connection: the server parses it once, and each further execution takes one round trip instead of two.
 */
export function connectDatabase(
  url: string,
  applicationName: string,
  { poolSize = 16, waitMs = 10_000, lockTimeoutMs = 3_000, tls = false }: ConnectionOptions = {},
): Connection {
  const queue = createConnectionQueue({ connections: poolSize, waitMs });
  const used: Counts = { transactions: 0, roundTrips: 0 };
  const onRoundTrip = (): void => {
    used.roundTrips += 1;
  };
  const sessions = new Set<PooledSession>();
  let isClosed = false;

  const open = (): PooledSession => {
    if (isClosed) throw new DependencyUnavailable('the connection to the database is closed');
    const client = postgres(url, {
      ssl: tls,
      max: 1,
      connect_timeout: 5,
      idle_timeout: 60,
      // The driver would end the connection in the middle of a transaction.
      max_lifetime: null,
      onnotice: () => undefined,
      onclose: () => {
        session.isConnected = false;
        session.onLoss();
      },
      fetch_types: fetchTypes,
      connection: {
        ...sessionSettings,
        ...readOnlyByDefault,
        application_name: applicationName,
        statement_timeout: 5_000,
        lock_timeout: lockTimeoutMs,
        idle_in_transaction_session_timeout: 15_000,
      },
    });
    const session: PooledSession = {
      client,
      db: drizzle(
        driverFor(client, {
          unsafe: (text, parameters) => session.unsafe(text, parameters),
          begin: (work) => inTransaction(session, onRoundTrip, (unsafe) => work({ unsafe })),
        }),
      ),
      unsafe: unsafeAfterEnd,
      openedAt: performance.now(),
      isConnected: false,
      onLoss: () => undefined,
    };
    sessions.add(session);
    return session;
  };

  const first = open();
  const free = [first];
  const discard = (session: PooledSession, seconds: number): void => {
    sessions.delete(session);
    void session.client.end({ timeout: seconds });
  };
  const takeSession = (): PooledSession => {
    const session = free.pop();
    if (session === undefined) return open();
    if (performance.now() - session.openedAt < maxLifetimeMs) return session;
    discard(session, 5);
    return open();
  };

  /** Runs the work with a session that no other work uses. */
  const run = <T>(work: (session: PooledSession) => PromiseLike<T>): Promise<T> =>
    queue.run(async () => {
      const session = takeSession();
      try {
        const result = await work(session);
        free.push(session);
        return result;
      } catch (error) {
        // After a loss, the driver would send waiting statements over a new connection, without their transaction.
        if (!session.isConnected || isLossOfConnection(error)) discard(session, 0);
        else free.push(session);
        throw error;
      }
    });

  /** A statement outside of a transaction. One that may write is sent together with BEGIN and COMMIT. */
  const runAlone = <T>(text: string, execute: (unsafe: Unsafe) => PromiseLike<T>): Promise<T> =>
    run(async (session) => {
      if (isPlainSelect(text)) {
        onRoundTrip();
        return execute(unsafeOf(session.client));
      }
      const { result } = await inTransaction(session, onRoundTrip, (unsafe) =>
        // In an object, so that the transaction does not wait for the result before it sends COMMIT.
        Promise.resolve({ result: execute(unsafe) }),
      );
      return result;
    });

  const db = drizzle(
    driverFor(first.client, {
      unsafe: (text, parameters) => ({
        then: (...handlers) => runAlone(text, (unsafe) => unsafe(text, parameters)).then(...handlers),
        values: () => runAlone(text, (unsafe) => unsafe(text, parameters).values()),
      }),
    }),
  );
  db.transaction = (work, config) =>
    run((session) => {
      used.transactions += 1;
      return session.db.transaction(async (tx) => {
        connections.set(tx, session.db);
        try {
          return await work(tx);
        } finally {
          connections.delete(tx);
        }
      }, config);
    });

  return {
    db,
    ping: async () => {
      await run(({ client }) => client`select 1`);
    },
    saturated: queue.saturated,
    usage: () => ({ ...used }),
    close: async (seconds = 5) => {
      isClosed = true;
      await Promise.all([...sessions].map(({ client }) => client.end({ timeout: seconds })));
    },
  };
}
