// The payment service's rows. The payment row of an order is made by whichever event mentions it first and locked by every
// input after that; what is to be asked of the gateway is a row of the same transaction.
import { and, asc, count, eq, inArray, lte, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { payments, transactions } from '../../drizzle/payment/schema.ts';
import type { PaymentMode, RefundReason } from '../../schemas/generated/events.ts';
import type { Database, Transaction } from '../platform/database/database.ts';
import { rejected } from '../platform/transaction/decision/decision.ts';
import type { Aggregate } from '../platform/transaction/handle.ts';
import { oneOf } from '../platform/database/one-of.ts';
import type { Repair } from '../platform/http/routes/repair.ts';
import type { MessageContext } from '../platform/transaction/message-context.ts';
import { decide, type PaymentInput } from './domain/decide.ts';
import { milestonesOf } from './domain/milestones.ts';
import {
  unknownPayment,
  type GatewayRequest,
  type Payment,
  type PaymentView,
  type Terms,
} from './domain/payment.ts';
import { reemit } from './domain/reemit.ts';

type PaymentRow = typeof payments.$inferSelect;
type TransactionRow = Omit<typeof transactions.$inferSelect, 'kind'> & {
  readonly kind: GatewayRequest['kind'];
};

const modeOf = oneOf<PaymentMode>('unspecified', 'AUTO', 'MANUAL');
const holdOf = oneOf<Payment['hold']>('unknown', 'held', 'pinned');
const chargeOf = oneOf<Payment['charge']>('none', 'started', 'succeeded', 'failed');
const refundOf = oneOf<Payment['refund']>('none', 'started', 'succeeded');
const kindOf = oneOf<GatewayRequest['kind']>('charge', 'refund');
const closedByOf = oneOf<RefundReason>('unspecified', 'order_cancelled', 'reservation_expired');

const termsOf = (row: PaymentRow): Terms | null => {
  const { customerId, amountMinor, currency, mode, method, token } = row;
  if (customerId === null || amountMinor === null || currency === null || mode === null || method === null) {
    return null;
  }
  return { customerId, amount: { amountMinor, currency }, mode: modeOf(mode), method, token };
};

const toPayment = (row: PaymentRow): Payment => ({
  orderId: row.orderId,
  terms: termsOf(row),
  hold: holdOf(row.hold),
  closedBy: row.closedBy === null ? null : closedByOf(row.closedBy),
  charge: chargeOf(row.charge),
  chargeId: row.chargeId,
  failureCode: row.failureCode,
  refund: refundOf(row.refund),
  refundId: row.refundId,
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

const toRow = ({ terms, ...payment }: Payment): PaymentRow => ({
  ...payment,
  customerId: terms?.customerId ?? null,
  amountMinor: terms?.amount.amountMinor ?? null,
  currency: terms?.amount.currency ?? null,
  mode: terms?.mode ?? null,
  method: terms?.method ?? null,
  token: terms?.token ?? null,
});

/** Locks the payment of the order. Events may make it: insert-then-lock, so that two first events cannot both insert. */
const lockPayment = async (tx: Transaction, { type, data, at }: PaymentInput): Promise<Payment> => {
  const unknown = unknownPayment(data.orderId, at);
  if (type !== 'pay') await tx.insert(payments).values(toRow(unknown)).onConflictDoNothing();
  const [row] = await tx.select().from(payments).where(eq(payments.orderId, data.orderId)).for('update');
  return row ? toPayment(row) : unknown;
};

/** The payment of one order and what is asked of the gateway for it. */
export const paying: Aggregate<PaymentInput, PaymentView> = {
  load: async (tx, input) => ({ payment: await lockPayment(tx, input), request: null }),
  decide,
  save: async (tx, _before, decision, { id, input, context, at }) => {
    if (decision.kind === 'ignored') return;
    const { payment, request } = decision.state;
    const { orderId, ...columns } = toRow(payment);
    await tx.update(payments).set(columns).where(eq(payments.orderId, orderId));
    if (input.type === 'gateway_answered') await settleTransaction(tx, input, at);
    if (!request) return;
    const { kind, idempotencyKey, amount, token, chargeId } = request;
    await tx.insert(transactions).values({
      id: uuidv7(),
      orderId,
      kind,
      idempotencyKey,
      amountMinor: amount.amountMinor,
      currency: amount.currency,
      token,
      chargeId,
      state: 'due',
      attempts: 0,
      dueAt: at,
      correlationId: context.correlationId,
      causationId: id,
      traceparent: context.traceparent,
      createdAt: at,
      updatedAt: at,
    });
  },
  milestones: milestonesOf,
};

/** Says again what a payment's state implies; nothing is written but the outbox. */
export const repairing: Aggregate<Repair, Payment | null, Payment> = {
  load: async (tx, { orderId }) => {
    const [row] = await tx.select().from(payments).where(eq(payments.orderId, orderId)).for('update');
    return row ? toPayment(row) : null;
  },
  decide: (_repair, payment) =>
    payment ? reemit(payment) : rejected('not_found', 'There is no such payment.'),
  save: () => Promise.resolve(),
};

const settleTransaction = async (
  tx: Transaction,
  { data }: Extract<PaymentInput, { type: 'gateway_answered' }>,
  at: Date,
): Promise<void> => {
  const { answer, orderId } = data;
  await tx
    .update(transactions)
    .set({
      state: answer.outcome,
      gatewayId: 'gatewayId' in answer ? answer.gatewayId : null,
      lastError: 'code' in answer ? answer.code : null,
      updatedAt: at,
    })
    .where(and(eq(transactions.orderId, orderId), eq(transactions.kind, answer.kind)));
};

/** One gateway request that this instance may work on until its lease ends. */
export interface LeasedTransaction {
  readonly row: TransactionRow;
  /** The sale was called off before this request was leased. */
  readonly calledOff: boolean;
  readonly context: MessageContext;
}

/**
 * Leases up to `limit` due requests for `leaseMs`. SKIP LOCKED keeps instances apart; the lease, counted from the
 * database's clock, brings a request back when the instance that took it has died.
 */
export async function leaseDue(
  db: Database,
  options: { readonly limit: number; readonly leaseMs: number },
): Promise<LeasedTransaction[]> {
  return db.transaction(async (tx) => {
    const due = await tx
      .select({ id: transactions.id })
      .from(transactions)
      .where(
        and(inArray(transactions.state, ['due', 'unknown']), lte(transactions.dueAt, sql`clock_timestamp()`)),
      )
      .orderBy(asc(transactions.dueAt))
      .limit(options.limit)
      .for('update', { skipLocked: true });
    if (due.length === 0) return [];
    const rows = await tx
      .update(transactions)
      .set({
        dueAt: inMs(options.leaseMs),
        attempts: sql`${transactions.attempts} + 1`,
      })
      .where(
        inArray(
          transactions.id,
          due.map((row) => row.id),
        ),
      )
      .returning();
    const owners = await tx
      .select({ orderId: payments.orderId, closedBy: payments.closedBy })
      .from(payments)
      .where(
        inArray(
          payments.orderId,
          rows.map((row) => row.orderId),
        ),
      );
    const calledOff = new Set(
      owners.filter((owner) => owner.closedBy !== null).map((owner) => owner.orderId),
    );
    return rows.map((row) => ({
      row: { ...row, kind: kindOf(row.kind) },
      calledOff: calledOff.has(row.orderId),
      context: {
        correlationId: row.correlationId,
        causationId: row.causationId,
        traceparent: row.traceparent,
        actor: 'payment-gateway',
      },
    }));
  });
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

export interface PaymentDetails {
  readonly payment: Payment;
  readonly transactions: readonly TransactionRow[];
}

/** The payment of an order with everything asked of the gateway for it. */
export async function findPayment(
  db: Pick<Database, 'select'>,
  orderId: string,
): Promise<PaymentDetails | undefined> {
  const [row] = await db.select().from(payments).where(eq(payments.orderId, orderId));
  if (!row) return undefined;
  const asked = await db
    .select()
    .from(transactions)
    .where(eq(transactions.orderId, orderId))
    .orderBy(asc(transactions.createdAt));
  return {
    payment: toPayment(row),
    transactions: asked.map((transaction) => ({ ...transaction, kind: kindOf(transaction.kind) })),
  };
}
