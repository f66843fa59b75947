// Leases the gateway requests that are due, one instance at a time. The invariant: only the instance that holds the latest
// lease of a request changes it, so a late instance cannot overwrite what a newer one has learned.
import { and, asc, count, eq, getTableColumns, inArray, lte, sql } from 'drizzle-orm';
import { payments, transactions } from '../../drizzle/payment/schema.ts';
import type { Database } from '../platform/database/database.ts';
import type { MessageContext } from '../platform/transaction/message-context.ts';
import { kindOf, type TransactionRow } from './payment-rows.ts';

/** One gateway request that this instance may work on until its lease ends. */
export interface LeasedTransaction {
  readonly row: TransactionRow;
  /** The order was cancelled before this request was leased. */
  readonly isCancelled: boolean;
  readonly context: MessageContext;
}

/**
 * Leases up to `limit` due requests for `leaseMs`, in one statement. SKIP LOCKED keeps instances apart; the lease, counted from the
 * database's clock, brings a request back when the instance that took it has died.
 */
export async function leaseDue(
  db: Database,
  options: { readonly limit: number; readonly leaseMs: number },
): Promise<LeasedTransaction[]> {
  const due = db.$with('due').as(
    db
      .select({ dueId: sql`${transactions.id}`.as('due_id'), closedBy: payments.closedBy })
      .from(transactions)
      .innerJoin(payments, eq(payments.orderId, transactions.orderId))
      .where(
        and(inArray(transactions.state, ['due', 'unknown']), lte(transactions.dueAt, sql`clock_timestamp()`)),
      )
      .orderBy(asc(transactions.dueAt))
      .limit(options.limit)
      .for('update', { of: transactions, skipLocked: true }),
  );
  const leased = await db
    .with(due)
    .update(transactions)
    .set({ dueAt: inMs(options.leaseMs), attempts: sql`${transactions.attempts} + 1` })
    .from(due)
    .where(eq(transactions.id, due.dueId))
    .returning({ ...getTableColumns(transactions), closedBy: due.closedBy });
  return leased.map(({ closedBy, ...row }) => ({
    row: { ...row, kind: kindOf(row.kind) },
    isCancelled: closedBy !== null,
    context: {
      correlationId: row.correlationId,
      causationId: row.causationId,
      traceparent: row.traceparent,
      actor: 'payment-gateway',
    },
  }));
}

/** The row as it was leased, unless another instance has leased it since: each lease counts one attempt. */
const stillLeased = ({ id, attempts }: TransactionRow) =>
  and(
    eq(transactions.id, id),
    eq(transactions.attempts, attempts),
    inArray(transactions.state, ['due', 'unknown']),
  );

const inMs = (ms: number) => sql`clock_timestamp() + ${`${ms} milliseconds`}::interval`;

/** The gateway's answer is not known: ask again after `retryInMs`, under the same idempotency key. */
export async function postpone(
  db: Database,
  leased: TransactionRow,
  failure: { readonly error: string; readonly retryInMs: number },
): Promise<void> {
  await db
    .update(transactions)
    .set({
      state: 'unknown',
      lastError: failure.error,
      dueAt: inMs(failure.retryInMs),
      updatedAt: sql`clock_timestamp()`,
    })
    .where(stillLeased(leased));
}

/** Nothing was called: the request is as it was before the lease and due again in `retryInMs`. */
export async function giveBack(db: Database, leased: TransactionRow, retryInMs: number): Promise<void> {
  await db
    .update(transactions)
    .set({ attempts: leased.attempts - 1, dueAt: inMs(retryInMs) })
    .where(stillLeased(leased));
}

/** Takes the lease once more, for one more call; `undefined` when another instance has it by now. */
export async function renewLease(
  db: Database,
  leased: TransactionRow,
  leaseMs: number,
): Promise<number | undefined> {
  const [renewed] = await db
    .update(transactions)
    .set({ dueAt: inMs(leaseMs), attempts: leased.attempts + 1 })
    .where(stillLeased(leased))
    .returning({ attempts: transactions.attempts });
  return renewed?.attempts;
}

/** Requests whose outcome is not known yet, by kind. */
export const countWaiting = async (db: Database): Promise<ReadonlyMap<string, number>> => {
  const rows = await db
    .select({ kind: transactions.kind, requests: count() })
    .from(transactions)
    .where(inArray(transactions.state, ['due', 'unknown']))
    .groupBy(transactions.kind);
  return new Map([
    ['charge', 0],
    ['refund', 0],
    ...rows.map(({ kind, requests }): [string, number] => [kind, requests]),
  ]);
};
