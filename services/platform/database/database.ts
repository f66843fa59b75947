// The connection to the service's PostgreSQL database. Every wait has a timeout on the server, so a lost client or a forgotten lock
// ends in an error that is retried, never in a transaction that holds its locks for ever.
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { connections, createPool, drizzleOver } from './pool.ts';
import { inTransaction, unsafeOf, type Unsafe } from './transaction.ts';
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
 * separately. With this default, the server refuses every write outside of a transaction that begins with READ WRITE.
 */
const readOnlyByDefault = { default_transaction_read_only: true } as const;

/**
 * The driver would query the array types on each new connection. If the connection ends during that query, nobody handles its
 * rejection, and the process ends. Without the types, the driver neither accepts nor returns arrays: pass JSON. Array columns work,
 * because Drizzle converts their values to text and back.
 */
export const fetchTypes = false;

/** A query that only reads. If it calls a function that writes, the server refuses it. */
const isPlainSelect = (text: string): boolean => /^\s*select\b/i.test(text);

/** Opens connections on first use. Each statement is prepared once per connection. */
export function connectDatabase(
  url: string,
  applicationName: string,
  { poolSize = 16, waitMs = 10_000, lockTimeoutMs = 3_000, tls = false }: ConnectionOptions = {},
): Connection {
  const used: Counts = { transactions: 0, roundTrips: 0 };
  const onRoundTrip = (): void => {
    used.roundTrips += 1;
  };
  const driver = {
    ssl: tls,
    connect_timeout: 5,
    idle_timeout: 60,
    onnotice: () => undefined,
    fetch_types: fetchTypes,
    connection: {
      ...sessionSettings,
      ...readOnlyByDefault,
      application_name: applicationName,
      statement_timeout: 5_000,
      lock_timeout: lockTimeoutMs,
      idle_in_transaction_session_timeout: 15_000,
    },
  };
  const pool = createPool({ url, size: poolSize, waitMs, driver, onRoundTrip });

  /** A statement outside of a transaction. One that may write is sent together with BEGIN and COMMIT. */
  const runAlone = <T>(text: string, execute: (unsafe: Unsafe) => PromiseLike<T>): Promise<T> =>
    pool.run(async (session) => {
      if (isPlainSelect(text)) {
        onRoundTrip();
        return execute(unsafeOf(session.client));
      }
      used.transactions += 1;
      const { result } = await inTransaction(session, onRoundTrip, (unsafe) =>
        // In an object, so that the transaction does not wait for the result before it sends COMMIT.
        Promise.resolve({ result: execute(unsafe) }),
      );
      return result;
    });
  const db = drizzleOver({
    unsafe: (text, parameters) => ({
      then: (...handlers) => runAlone(text, (unsafe) => unsafe(text, parameters)).then(...handlers),
      values: () => runAlone(text, (unsafe) => unsafe(text, parameters).values()),
    }),
  });
  db.transaction = (work, config) =>
    pool.run((session) => {
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
      await pool.run(({ client }) => client`select 1`);
    },
    saturated: pool.saturated,
    usage: () => ({ ...used }),
    close: (seconds = 5) => pool.close(seconds),
  };
}
