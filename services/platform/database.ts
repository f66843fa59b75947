// The service's own PostgreSQL. Every wait is bounded on the server, so that a lost peer or a forgotten lock ends in an
// error that is retried, never in a transaction that holds its rows for ever.
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import type { Trust } from './pem.ts';

export type Database = PostgresJsDatabase;
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

export interface Connection {
  readonly db: Database;
  /** Resolves when a round trip succeeds; rejects with the driver's error. */
  ping(): Promise<void>;
  /** Waits up to `seconds` for queries under way, then closes. */
  close(seconds?: number): Promise<void>;
}

export interface ConnectionOptions {
  /** Connections at most; 16 when absent. */
  readonly poolSize?: number;
  /** How the server has to prove itself, and the client to it; plain TCP when absent. */
  readonly tls?: Trust;
}

/** A pool of connections, opened on first use and re-opened after a loss. */
export function connectDatabase(
  url: string,
  applicationName: string,
  { poolSize = 16, tls = false }: ConnectionOptions = {},
): Connection {
  const client = postgres(url, {
    ssl: tls,
    max: poolSize,
    connect_timeout: 5,
    idle_timeout: 60,
    max_lifetime: 30 * 60,
    // A lost server is noticed by the next query; waiting longer than this between attempts would outlast its restart.
    backoff: (attempt) => Math.min(0.05 * 2 ** attempt, 1),
    onnotice: () => undefined,
    connection: {
      application_name: applicationName,
      statement_timeout: 5_000,
      lock_timeout: 3_000,
      idle_in_transaction_session_timeout: 15_000,
    },
  });
  return {
    db: drizzle(client),
    ping: async () => {
      await client`select 1`;
    },
    close: (seconds = 5) => client.end({ timeout: seconds }),
  };
}
