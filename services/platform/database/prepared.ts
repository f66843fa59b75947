// Statements whose SQL Drizzle builds once per connection. For the statements of each event, building the SQL would cost more CPU
// time than sending it.
import {
  eq,
  getTableColumns,
  sql,
  type InferInsertModel,
  type InferSelectModel,
  type SQL,
} from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { Database, Statement, Transaction } from './database.ts';
import { connections } from './pool.ts';

/**
 * Returns the query that `build` prepares. `build` runs once per connection, at the first use. The query runs in the given
 * transaction and can contain placeholders (`sql.placeholder`).
 */
export const prepared = <Query extends object>(
  build: (db: Database) => Query,
): ((tx: Transaction) => Query) => {
  const queries = new WeakMap<Database, Query>();
  return (tx) => {
    const connection = connections.get(tx);
    if (connection === undefined) throw new Error('a statement was sent after the end of its transaction');
    const known = queries.get(connection);
    if (known !== undefined) return known;
    const query = build(connection);
    queries.set(connection, query);
    return query;
  };
};

type Row = Readonly<Record<string, unknown>>;

interface Write {
  execute(values: Row): Promise<{ readonly count: number }>;
}

interface PreparedWrite extends Statement {
  /** Resolves to the driver's result, whose `count` is the number of changed rows. */
  execute(): Promise<{ readonly count: number }>;
}

/**
 * Returns a function that prepares a write of `rows`. One statement is built for each number of rows and set of columns. Its
 * placeholders are numbered. `others` are the values of the named placeholders, such as the key of the row.
 */
const writesOf = (
  table: PgTable,
  build: (db: Database, rows: readonly Record<string, SQL>[]) => Write,
): ((tx: Transaction, rows: readonly Row[], others?: Row) => PreparedWrite) => {
  const columns: Readonly<Record<string, PgColumn | undefined>> = getTableColumns(table);
  const statements = new Map<string, (tx: Transaction) => Write>();
  return (tx, rows, others) => {
    const names = Object.keys(rows[0] ?? {});
    const shape = `${rows.length} ${names.join()}`;
    const statement =
      statements.get(shape) ??
      prepared((db) => {
        const placeholder = (row: number, column: number) =>
          sql`${sql.placeholder(String(row * names.length + column))}`;
        return build(
          db,
          rows.map((_, row) =>
            Object.fromEntries(names.map((name, column) => [name, placeholder(row, column)])),
          ),
        );
      });
    statements.set(shape, statement);
    // Drizzle's own conversion of placeholders fails for null.
    const valueOf = (name: string, value: unknown): unknown =>
      value === null ? null : columns[name]?.mapToDriverValue(value);
    const values = rows.flatMap((row) => names.map((name) => valueOf(name, row[name])));
    return { execute: () => statement(tx).execute({ ...Object.fromEntries(values.entries()), ...others }) };
  };
};

/** Reads and locks the row whose `key` has the given value. */
export const rowForUpdate = <Table extends PgTable>(table: Table, key: PgColumn) => {
  const query = prepared((db) =>
    db
      .select()
      .from<PgTable>(table)
      .where(eq(key, sql.placeholder('key')))
      .for('update')
      .prepare('row_for_update'),
  );
  return (tx: Transaction, keyValue: string) =>
    // Safe: the query selects all columns of the table.
    query(tx).execute({ key: keyValue }) as Promise<InferSelectModel<Table>[]>;
};

/** Inserts rows, which have the same columns. With `ignoreConflicts`, a row that exists is left as it is. */
export const insertInto = <Table extends PgTable>(table: Table, { ignoreConflicts = false } = {}) => {
  const writes = writesOf(table, (db, rows) => {
    const insert = db.insert<PgTable>(table).values([...rows]);
    return (ignoreConflicts ? insert.onConflictDoNothing() : insert).prepare('insert');
  });
  return (tx: Transaction, rows: readonly InferInsertModel<Table>[]) => writes(tx, rows);
};

/** Sets columns of the row whose `key` has the given value. */
export const updateOf = <Table extends PgTable>(table: Table, key: PgColumn) => {
  const writes = writesOf(table, (db, [row = {}]) =>
    db
      .update<PgTable>(table)
      .set(row)
      .where(eq(key, sql.placeholder('key')))
      .prepare('update'),
  );
  return (tx: Transaction, keyValue: string, row: Partial<InferInsertModel<Table>>): Statement =>
    writes(tx, [row], { key: keyValue });
};
