// A lock on something that may have no row yet. `FOR UPDATE` locks rows that exist: two transactions that both find none would both
// decide that they are the first.
import { sql } from 'drizzle-orm';
import type { Statement, Transaction } from './database.ts';

/** Locks the names of several rows in ascending order, each of which may not exist yet. */
export const lockNames = (tx: Transaction, kind: string, ids: readonly string[]): Statement => {
  const names = [...new Set(ids)].sort().map((id) => `${kind} ${id}`);
  return tx.execute(
    sql`SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(${sql.param(names)}::text[]) AS name`,
  );
};

/**
 * The row that `read` finds and locks. A lock on its name is taken before and held until the transaction ends, so that nobody else
 * inserts the row meanwhile.
 */
export const lockRowOf = async <Row>(
  tx: Transaction,
  kind: string,
  id: string,
  read: { execute(): Promise<readonly Row[]> },
): Promise<Row | undefined> => {
  // Sent together and run in this order: `read` sees what the owner of the lock before has committed.
  const name = sql`SELECT pg_advisory_xact_lock(hashtextextended(${`${kind} ${id}`}, 0))`;
  const [, [row]] = await Promise.all([tx.execute(name).execute(), read.execute()]);
  return row;
};
