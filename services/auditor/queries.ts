// Helpers for the auditor's queries.
import { sql, type SQL } from 'drizzle-orm';
import type { Database, Transaction } from '../platform/database/database.ts';

/** Runs `work` in a transaction that reads one snapshot and cannot write. */
export const inSnapshot = <T>(db: Database, work: (tx: Transaction) => Promise<T>): Promise<T> =>
  db.transaction(work, { isolationLevel: 'repeatable read', accessMode: 'read only' });

export const rowsOf = async <Row extends object>(
  database: Pick<Database, 'execute'>,
  query: SQL,
): Promise<Row[]> => {
  const rows: readonly unknown[] = await database.execute(query);
  // Safe: each query names its columns and casts them to the type that its caller names.
  const typed = (value: readonly unknown[]): value is Row[] =>
    value.every((row) => typeof row === 'object' && row !== null);
  return typed(rows) ? rows : [];
};

/** A list of any length as one query parameter. */
export const listed = (ids: Iterable<string>, type: 'uuid' | 'text' = 'uuid'): SQL =>
  sql`(select value::${sql.raw(type)} from json_array_elements_text(${JSON.stringify([...ids])}::json) as t (value))`;

/** A column of type timestamptz as milliseconds since the epoch, with fractions. */
export const ms = (column: string): SQL => sql.raw(`(extract(epoch from ${column}) * 1000)::float8`);
