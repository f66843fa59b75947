// The database that is to be provisioned, and how a statement with names in it is run against it.
import type postgres from 'postgres';
import type { DatabaseRole, ServiceName } from '../topology.ts';

export interface DatabaseTarget {
  readonly service: ServiceName;
  readonly host?: string;
  readonly port: number;
  readonly password: (role: DatabaseRole) => string;
}

export type Sql = postgres.Sql | postgres.TransactionSql;

/** Runs a statement that takes no parameters, such as DDL, with names and literals quoted by the server. */
export const execute = async (sql: Sql, template: string, ...values: readonly string[]): Promise<void> => {
  const [row] = await sql<{ statement: string }[]>`
    SELECT format(${template}, VARIADIC ${sql.array([...values])}::text[]) AS statement`;
  if (row !== undefined) await sql.unsafe(row.statement);
};
