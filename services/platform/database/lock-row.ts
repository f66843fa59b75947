// Locks an entity that may have no row yet. `FOR UPDATE` locks only rows that exist: of two transactions that find no row, each
// would decide that it is the first.
import { sql } from 'drizzle-orm';
import type { Statement, Transaction } from './database.ts';

/**
 * The statement that takes advisory locks on the names of several rows, in sorted sequence, so that two callers cannot deadlock.
 * The rows need not exist.
 */
export const lockNames = (tx: Transaction, kind: string, ids: readonly string[]): Statement => {
  const names = [...new Set(ids)].sort().map((id) => `${kind} ${id}`);
  return tx.execute(
    sql`SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM json_array_elements_text(${JSON.stringify(names)}::json) AS name`,
  );
};

/**
 * The row that `read` finds and locks; undefined when there is none. An advisory lock on the name of the row is taken first, so
 * that no other transaction inserts the row before this transaction ends.
 */
export const lockRowOf = async <Row>(
  tx: Transaction,
  kind: string,
  id: string,
  read: { execute(): Promise<readonly Row[]> },
): Promise<Row | undefined> => {
  // Both statements are sent together and run one after the other, so `read` sees the commit of the lock's previous owner.
  const name = sql`SELECT pg_advisory_xact_lock(hashtextextended(${`${kind} ${id}`}, 0))`;
  const [, [row]] = await Promise.all([tx.execute(name).execute(), read.execute()]);
  return row;
};
