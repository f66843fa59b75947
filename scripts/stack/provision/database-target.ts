// The database of one service as the target of provisioning: connections, and statements with quoted names.
import type postgres from 'postgres';
import { connectAs } from '../parts/postgres.ts';
import { services, superuser, type DatabaseRole, type ServiceName } from '../topology.ts';

export interface DatabaseTarget {
  readonly service: ServiceName;
  readonly host?: string;
  readonly port: number;
  readonly password: (role: DatabaseRole) => string;
}

/** Opens a connection, runs `work` on it and closes it. */
export const withConnection = async <T>(
  { service, host = '127.0.0.1', port, password }: DatabaseTarget,
  role: 'admin' | 'owner',
  work: (sql: postgres.Sql) => Promise<T>,
  database = services[service].database.database,
): Promise<T> => {
  const user = role === 'admin' ? superuser : services[service].database.owner;
  const sql = connectAs({ host, port, database, user, password: password(role) });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 2 });
  }
};

export type Sql = postgres.Sql | postgres.TransactionSql;

/** Runs a statement that cannot have parameters, such as DDL. The server quotes the names and literals. */
export const execute = async (sql: Sql, template: string, ...values: readonly string[]): Promise<void> => {
  const [row] = await sql<{ statement: string }[]>`
    SELECT format(${template}, VARIADIC ${sql.array([...values])}::text[]) AS statement`;
  if (row !== undefined) await sql.unsafe(row.statement);
};
