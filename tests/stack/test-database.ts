// A database of its own for one integration test file: the service's migrations on the stack's PostgreSQL, but out of reach
// of the running services and of Debezium.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import type { ServiceName } from '../../scripts/stack/topology.ts';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

const quiet = { max: 1, onnotice: () => undefined };

/** Creates and migrates a database beside the one that `adminUrl` connects to. */
export async function createTestDatabase(service: ServiceName, adminUrl: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const admin = postgres(adminUrl, quiet);
  await admin.unsafe(`CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const migrations = join(import.meta.dirname, '..', '..', 'drizzle', service, 'migrations');
  const sql = postgres(url.href, quiet);
  await migrate(drizzle(sql), { migrationsFolder: migrations });
  await sql.end();
  return {
    url: url.href,
    drop: async () => {
      await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}
