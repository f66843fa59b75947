// Brings a service's database to the described state; safe to repeat at every start. The order matters: roles and tables, then
// the publication, then the slot, and only then may a service write. A connector without snapshot publishes nothing that was
// committed before its slot existed.
import type postgres from 'postgres';
import { failure, isFailure, messageOf } from '../../../schemas/tools/failure.ts';
import { connectAs } from '../parts/postgres.ts';
import { passwords, services, superuser, type ServiceName } from '../topology.ts';
import { type Sql, execute, type DatabaseTarget } from './database-target.ts';
import { migrateDatabase } from './migrations.ts';
import { type SlotOutcome, ensurePublication, ensureSlot } from './slot.ts';

const ensureRole = async (sql: Sql, role: string, attributes: string, password: string): Promise<void> => {
  const [existing] = await sql`SELECT 1 FROM pg_roles WHERE rolname = ${role}`;
  if (existing === undefined) await execute(sql, 'CREATE ROLE %I', role);
  await execute(sql, `ALTER ROLE %I ${attributes} PASSWORD %L`, role, password);
};

/** Tables whose rows are facts: a service adds to them and can neither change nor remove one. */
const appendOnly = ['outbox', 'order_events', 'stock_movements', 'audit_log', 'audit_seals'];

/** Functions that do, as the owner, the little a role may do beyond its rights. */
const callable = { service: ['delete_published_outbox_rows'], auditor: ['emit_canary'] } as const;

const grant = async (sql: postgres.Sql, service: ServiceName): Promise<void> => {
  const { database, owner, service: role, cdc, auditor } = services[service].database;
  await sql.begin(async (tx) => {
    await execute(tx, 'REVOKE ALL ON DATABASE %I FROM PUBLIC', database);
    await execute(tx, 'GRANT CONNECT ON DATABASE %I TO %I, %I, %I, %I', database, owner, role, cdc, auditor);
    await tx.unsafe('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    await execute(tx, 'GRANT USAGE ON SCHEMA public TO %I, %I, %I', role, cdc, auditor);
    await execute(tx, 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', role);
    await execute(tx, 'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO %I', role);
    const tables = await tx<{ name: string }[]>`
      SELECT relname AS name FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname = ANY (${appendOnly})`;
    for (const { name } of tables)
      await execute(tx, 'REVOKE UPDATE, DELETE, TRUNCATE ON TABLE public.%I FROM %I', name, role);
    for (const [caller, names] of [[role, callable.service] as const, [auditor, callable.auditor] as const]) {
      const functions = await tx<{ signature: string }[]>`
        SELECT oid::regprocedure::text AS signature FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname = ANY (${[...names]})`;
      for (const { signature } of functions)
        await execute(tx, 'GRANT EXECUTE ON FUNCTION %s TO %I', signature, caller);
    }
    await execute(tx, 'GRANT SELECT ON TABLE public.outbox TO %I', cdc);
    await execute(tx, 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO %I', auditor);
    // What an administrator has it do to a connector is in the audit log of that service.
    await execute(tx, 'GRANT INSERT ON TABLE public.audit_log TO %I', auditor);
  });
};

const checkPassword = async (sql: Sql, service: ServiceName): Promise<void> => {
  try {
    await sql`SELECT 1`;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === '28P01')
      throw failure(
        `the ${service} database was created with another password of its superuser; set ${passwords[service].admin} to it`,
      );
    throw error;
  }
};

/** Roles, database, tables, rights, publication and slot of one service. Throws a failure that names what went wrong. */
export const provisionDatabase = async (target: DatabaseTarget): Promise<SlotOutcome> => {
  const { service, port, password } = target;
  const host = target.host ?? '127.0.0.1';
  const { database, owner, service: role, cdc, auditor, publication, slot } = services[service].database;
  const admin = { host, port, user: superuser, password: password('admin') };
  const server = connectAs({ ...admin, database: 'postgres' });
  try {
    await checkPassword(server, service);
    await ensureRole(server, owner, 'LOGIN', password('owner'));
    await ensureRole(server, role, 'LOGIN', password('service'));
    await ensureRole(server, cdc, 'LOGIN REPLICATION', password('cdc'));
    await ensureRole(server, auditor, 'LOGIN', password('auditor'));
    const [existing] = await server`SELECT 1 FROM pg_database WHERE datname = ${database}`;
    if (existing === undefined) await execute(server, 'CREATE DATABASE %I OWNER %I', database, owner);
  } finally {
    await server.end({ timeout: 2 });
  }
  await runMigrations(target);
  const sql = connectAs({ ...admin, database });
  try {
    await grant(sql, service);
    await ensurePublication(sql, publication);
    return await ensureSlot(sql, slot);
  } finally {
    await sql.end({ timeout: 2 });
  }
};

const runMigrations = async ({ service, host, port, password }: DatabaseTarget): Promise<void> => {
  const { database, owner } = services[service].database;
  const sql = connectAs({
    ...(host === undefined ? {} : { host }),
    port,
    database,
    user: owner,
    password: password('owner'),
  });
  try {
    await migrateDatabase(sql, service);
  } catch (error) {
    if (isFailure(error)) throw error;
    const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : '';
    throw failure(`the migrations of the ${service} database failed: ${messageOf(error)}${cause}`);
  } finally {
    await sql.end({ timeout: 2 });
  }
};
