// Leases due gateway requests to one instance at a time. Only the holder of the latest lease may postpone the request, or release
// or renew the lease. A definite answer is handled whoever has the lease: `decide` ignores the answer if the request is settled.
import { and, asc, count, eq, getTableColumns, inArray, lte, sql } from 'drizzle-orm';
import { payments, transactions } from '../../drizzle/payment/schema.ts';
import type { Database } from '../platform/database/database.ts';
import type { MessageContext } from '../platform/transaction/message-context.ts';
import { kindOf, type TransactionRow } from './payment-rows.ts';

/** One gateway request that this instance may work on until its lease ends. */
export interface LeasedTransaction {
  readonly row: TransactionRow;
  /** The payment was closed before this request was leased. */
  readonly isClosed: boolean;
  readonly context: MessageContext;
}

/**
 * Leases up to `limit` due requests for `leaseMs`, in one statement. With SKIP LOCKED, two instances never lease the same request.
 * When an instance dies, its requests are due again at the end of the lease, measured by the database's clock.
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
    isClosed: closedBy !== null,
    context: {
      correlationId: row.correlationId,
      causationId: row.causationId,
      traceparent: row.traceparent,
      actor: 'payment-gateway',
    },
  }));
}

/** Matches the row unless another instance has leased it since: each lease increments `attempts`. */
const stillLeased = ({ id, attempts }: TransactionRow) =>
  and(
    eq(transactions.id, id),
    eq(transactions.attempts, attempts),
    inArray(transactions.state, ['due', 'unknown']),
  );

const inMs = (ms: number) => sql`clock_timestamp() + ${`${ms} milliseconds`}::interval`;

/** Records why the request stays open. The request is due again after `retryInMs`, with the same idempotency key. */
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

/** Undoes a lease during which no call was made. The request is due again after `retryInMs`. */
export async function releaseLease(db: Database, leased: TransactionRow, retryInMs: number): Promise<void> {
  await db
    .update(transactions)
    .set({ attempts: leased.attempts - 1, dueAt: inMs(retryInMs) })
    .where(stillLeased(leased));
}

/** Renews the lease for another call and returns the new number of attempts; undefined if another instance has the lease. */
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

/** Number of requests without a definite outcome, by kind. */
export const countOpenRequests = async (db: Database): Promise<ReadonlyMap<string, number>> => {
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
