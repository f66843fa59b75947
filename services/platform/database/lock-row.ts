// A lock on something that may have no row yet. `FOR UPDATE` locks rows that exist: two transactions that both find none would both
// decide that they are the first.
import { sql } from 'drizzle-orm';
import type { Transaction } from './database.ts';

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
