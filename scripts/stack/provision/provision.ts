// Provisions the database of a service. Provisioning is idempotent and runs at every start. The sequence matters: roles and tables,
// publication, slot, and only then may the service write. The connector takes no snapshot, so it never publishes rows that were
// committed before its slot existed.
import type postgres from 'postgres';
import { errorCodeOf } from '../../../services/platform/process/error-code.ts';
import { failure, isFailure, messageOf } from '../../../schemas/tools/failure.ts';
import { passwords, services, type ServiceName } from '../topology.ts';
import { type Sql, execute, withConnection, type DatabaseTarget } from './database-target.ts';
import { migrateDatabase } from './migrations.ts';
import { isUnavailable } from './repeat-while-unavailable.ts';
import { type SlotOutcome, ensurePublication, ensureSlot } from './slot.ts';

const ensureRole = async (sql: Sql, role: string, attributes: string, password: string): Promise<void> => {
  const [existing] = await sql`SELECT 1 FROM pg_roles WHERE rolname = ${role}`;
  if (existing === undefined) await execute(sql, 'CREATE ROLE %I', role);
  await execute(sql, `ALTER ROLE %I ${attributes} PASSWORD %L`, role, password);
};

/** Tables into which a service may insert, but whose rows it may neither change nor delete. */
const appendOnly = ['outbox', 'order_events', 'stock_movements', 'audit_log', 'audit_seals'];

/** The functions that each role may call. They run with the privileges of their owner (SECURITY DEFINER). */
const executable = { service: ['delete_published_outbox_rows'], auditor: ['emit_canary'] } as const;

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
    for (const [caller, names] of [
      [role, executable.service] as const,
      [auditor, executable.auditor] as const,
    ]) {
      const functions = await tx<{ signature: string }[]>`
        SELECT oid::regprocedure::text AS signature FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname = ANY (${[...names]})`;
      for (const { signature } of functions)
        await execute(tx, 'GRANT EXECUTE ON FUNCTION %s TO %I', signature, caller);
    }
    await execute(tx, 'GRANT SELECT ON TABLE public.outbox TO %I', cdc);
    await execute(tx, 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO %I', auditor);
    // The auditor executes an administrator's actions on the connector of this service. It adds them to the audit log, and stores
    // their responses for repeated requests.
    await execute(tx, 'GRANT INSERT ON TABLE public.audit_log TO %I', auditor);
    await execute(tx, 'GRANT INSERT, UPDATE, DELETE ON TABLE public.idempotency_keys TO %I', auditor);
  });
};

const checkPassword = async (sql: Sql, service: ServiceName): Promise<void> => {
  try {
    await sql`SELECT 1`;
  } catch (error) {
    if (errorCodeOf(error) === '28P01')
      throw failure(
        `the superuser of the ${service} database has another password; set ${passwords[service].admin} to that password`,
      );
    throw error;
  }
};

/** Provisions roles, database, tables, rights, publication and slot of one service. */
export const provisionDatabase = async (target: DatabaseTarget): Promise<SlotOutcome> => {
  const { service, password } = target;
  const { database, owner, service: role, cdc, auditor, publication, slot } = services[service].database;
  const createRolesAndDatabase = async (sql: postgres.Sql): Promise<void> => {
    await checkPassword(sql, service);
    await ensureRole(sql, owner, 'LOGIN', password('owner'));
    await ensureRole(sql, role, 'LOGIN', password('service'));
    await ensureRole(sql, cdc, 'LOGIN REPLICATION', password('cdc'));
    await ensureRole(sql, auditor, 'LOGIN', password('auditor'));
    const [existing] = await sql`SELECT 1 FROM pg_database WHERE datname = ${database}`;
    if (existing === undefined) await execute(sql, 'CREATE DATABASE %I OWNER %I', database, owner);
  };
  await withConnection(target, 'admin', createRolesAndDatabase, 'postgres');
  await withConnection(target, 'owner', (sql) => runMigrations(sql, service));
  return withConnection(target, 'admin', async (sql) => {
    await grant(sql, service);
    await ensurePublication(sql, publication);
    return ensureSlot(sql, slot);
  });
};

const runMigrations = async (sql: postgres.Sql, service: ServiceName): Promise<void> => {
  try {
    await migrateDatabase(sql, service);
  } catch (error) {
    if (isFailure(error) || isUnavailable(error)) throw error;
    const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : '';
    throw failure(`the migrations of the ${service} database failed: ${messageOf(error)}${cause}`);
  }
};
