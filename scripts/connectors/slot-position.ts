// Connections to the services' databases for the operators' commands, and the position of a replication slot.
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { readSlot, type SlotFacts } from '../../services/auditor/pipelines/slot-health.ts';
import { sessionSettings } from '../../services/platform/database/database.ts';
import type { StackAddress } from '../operator/environment.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';
import { services, type DatabaseRole, type ServiceName } from '../stack/topology.ts';

/** Runs `work` with one connection to a service's database, logged in as that role. */
export const withDatabase = async <T>(
  stack: StackAddress,
  service: ServiceName,
  role: DatabaseRole,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> => {
  const url = stack.databaseUrl(service, role);
  const sql = postgres(url, {
    max: 1,
    ssl: stack.databaseTrust(url),
    connect_timeout: 5,
    onnotice: () => undefined,
    connection: {
      ...sessionSettings,
      application_name: 'orderflow-operator',
      statement_timeout: 60_000,
      lock_timeout: 10_000,
    },
  });
  try {
    await sql`SELECT 1`.catch((error: unknown) => {
      throw failure(
        `the ${role} role cannot log in to the ${service} database (${messageOf(error)}); is the stack running, and is the password of this role in the environment?`,
      );
    });
    return await work(sql);
  } finally {
    await sql.end({ timeout: 2 });
  }
};

export const slotOf = (stack: StackAddress, service: ServiceName): Promise<SlotFacts> =>
  withDatabase(stack, service, 'auditor', (sql) => readSlot(drizzle(sql), services[service].database.slot));

export const slotLine = ({ slot, state }: SlotFacts): string => {
  if (state === null) return `${slot}: does not exist`;
  const lag = state.lagBytes === null ? '' : `, ${Math.round(state.lagBytes / 1024)} KiB behind`;
  return `${slot}: ${state.walStatus ?? 'unknown'}, ${state.active ? 'active' : 'inactive'}, confirmed ${state.confirmedLsn ?? 'nothing'}${lag}`;
};
