// The connection to the service's PostgreSQL database. Every wait has a timeout on the server, so a lost client or a forgotten lock
// ends in an error that is retried, never in a transaction that holds its locks for ever.
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { createConnectionQueue, type ConnectionQueue } from './connection-queue.ts';
import { inTransaction } from './transaction.ts';
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
 * The same client, but queries and transactions wait in the queue for a connection before the driver sees them. Each statement is
 * prepared once per connection: the server parses it once, and each further execution takes one round trip instead of two.
 */
const queued = (client: postgres.Sql, queue: ConnectionQueue, used: Counts): postgres.Sql =>
  new Proxy(client, {
    get: (target, name) => {
      if (name === 'begin')
        return (work: Parameters<typeof inTransaction>[2]) =>
          queue.run(() => {
            used.transactions += 1;
            return inTransaction(target, () => (used.roundTrips += 1), work);
          });
      if (name === 'unsafe')
        return (...[text, parameters]: Parameters<postgres.Sql['unsafe']>) => {
          // The driver sends the query only when its result is awaited.
          const query = target.unsafe(text, parameters, { prepare: true });
          const run = <T>(rows: () => PromiseLike<T>): Promise<T> =>
            queue.run(() => {
              used.roundTrips += 1;
              return rows();
            });
          return {
            then: (...handlers: Parameters<Promise<unknown>['then']>) => run(() => query).then(...handlers),
            values: () => run(() => query.values()),
          };
        };
      const property: unknown = Reflect.get(target, name);
      return property;
    },
  });

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
 * The driver would query the array types on each new connection. If the connection ends during that query, nobody handles its
 * rejection, and the process ends. Without the types, the driver neither accepts nor returns arrays: pass JSON. Array columns work,
 * because Drizzle converts their values to text and back.
 */
export const fetchTypes = false;

/** A pool of connections, opened on first use and re-opened after a loss. */
export function connectDatabase(
  url: string,
  applicationName: string,
  { poolSize = 16, waitMs = 10_000, lockTimeoutMs = 3_000, tls = false }: ConnectionOptions = {},
): Connection {
  const client = postgres(url, {
    ssl: tls,
    max: poolSize,
    connect_timeout: 5,
    idle_timeout: 60,
    max_lifetime: 30 * 60,
    // At most one second between attempts, so that the pool reconnects soon after a restart of the server.
    backoff: (attempt) => Math.min(0.05 * 2 ** attempt, 1),
    onnotice: () => undefined,
    fetch_types: fetchTypes,
    connection: {
      ...sessionSettings,
      application_name: applicationName,
      statement_timeout: 5_000,
      lock_timeout: lockTimeoutMs,
      idle_in_transaction_session_timeout: 15_000,
    },
  });
  const queue = createConnectionQueue({ connections: poolSize, waitMs });
  const used: Counts = { transactions: 0, roundTrips: 0 };
  return {
    db: drizzle(queued(client, queue, used)),
    ping: async () => {
      await queue.run(() => client`select 1`);
    },
    saturated: queue.saturated,
    usage: () => ({ ...used }),
    close: (seconds = 5) => client.end({ timeout: seconds }),
  };
}
