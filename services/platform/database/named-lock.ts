// A lock on something that has no row yet. `FOR UPDATE` locks what exists: two transactions that both find nothing would both
// decide that they are the first.
import { sql } from 'drizzle-orm';
import type { Transaction } from './database.ts';

/** Waits for the transactions that hold the same name, and holds it until this transaction ends. */
export const lockName = async (tx: Transaction, kind: string, id: string): Promise<void> => {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`${kind} ${id}`}, 0))`);
};

/**
 * The row that `read` finds and locks. When there is none, the name is locked and `read` is asked again: whoever was faster has
 * committed by then, and whoever comes later waits.
 */
export const lockedOrNamed = async <Row>(
  tx: Transaction,
  kind: string,
  id: string,
  read: () => Promise<Row | undefined>,
): Promise<Row | undefined> => {
  const row = await read();
  if (row !== undefined) return row;
  await lockName(tx, kind, id);
  return read();
};
