// A database for one integration test file. It is on the PostgreSQL of the stack and has the migrations of a service. The running
// services and Debezium do not use this database.
import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { migrateDatabase } from '../../scripts/stack/provision/migrations.ts';
import type { ServiceName } from '../../scripts/stack/topology.ts';

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  drop(): Promise<void>;
}

const connectionOptions = { max: 1, onnotice: () => undefined };

/**
 * Creates a database on the server of `adminUrl`, as a copy of a template database that has the migrations of the service. The
 * first call creates the template.
 */
export async function createTestDatabase(service: ServiceName, adminUrl: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const admin = postgres(adminUrl, connectionOptions);
  const urlOf = (database: string): string => {
    const url = new URL(adminUrl);
    url.pathname = `/${database}`;
    return url.href;
  };
  const template = `template_${service}`;
  // Several test files can start at once; the lock makes one of them create the template. The template gets its final name only when
  // it is complete.
  await admin`SELECT pg_advisory_lock(hashtext(${template}))`;
  const [exists] = await admin`SELECT 1 FROM pg_database WHERE datname = ${template}`;
  if (!exists) {
    await admin.unsafe(`DROP DATABASE IF EXISTS ${template}_unfinished`);
    await admin.unsafe(`CREATE DATABASE ${template}_unfinished`);
    const sql = postgres(urlOf(`${template}_unfinished`), connectionOptions);
    await migrateDatabase(sql, service);
    await sql.end();
    await admin.unsafe(`ALTER DATABASE ${template}_unfinished RENAME TO ${template}`);
  }
  await admin`SELECT pg_advisory_unlock(hashtext(${template}))`;
  await admin.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  return {
    name,
    url: urlOf(name),
    drop: async () => {
      await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}
