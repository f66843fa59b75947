// The payment service's rows. The payment row of an order is made by whichever event mentions it first and locked by every
// input after that; what is to be asked of the gateway is a row of the same transaction.
import { and, asc, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { payments, transactions } from '../../drizzle/payment/schema.ts';
import type { Database, Statement, Transaction } from '../platform/database/database.ts';
import { rejected } from '../platform/transaction/decision/decision.ts';
import type { CommandHandler } from '../platform/transaction/handle.ts';
import type { Repair } from '../platform/transaction/repair.ts';
import { decide, type PaymentInput } from './domain/decide.ts';
import { measurementsOf } from './domain/measurements.ts';
import { unknownPayment, type Payment, type PaymentView } from './domain/payment.ts';
import { reemit } from './domain/reemit.ts';
import { kindOf, toPayment, toRow, type TransactionRow } from './payment-rows.ts';

/** Locks the payment of the order. Events may make it: insert-then-lock, so that two first events cannot both insert. */
const lockPayment = async (tx: Transaction, { type, data, at }: PaymentInput): Promise<Payment> => {
  const unknown = unknownPayment(data.orderId, at);
  const insert = tx.insert(payments).values(toRow(unknown)).onConflictDoNothing();
  // Sent together, run in this order.
  const [, [row]] = await Promise.all([
    type === 'pay' ? undefined : insert,
    tx.select().from(payments).where(eq(payments.orderId, data.orderId)).for('update'),
  ]);
  return row ? toPayment(row) : unknown;
};

/** The payment of one order and what is asked of the gateway for it. */
export const paymentHandler: CommandHandler<PaymentInput, PaymentView> = {
  load: async (tx, input) => ({ payment: await lockPayment(tx, input), request: null }),
  decide,
  save: (tx, _before, decision, { id, input, context, at }) => {
    if (decision.kind === 'ignored') return [];
    const { payment, request } = decision.state;
    const { orderId, ...columns } = toRow(payment);
    const changed: Statement[] = [tx.update(payments).set(columns).where(eq(payments.orderId, orderId))];
    if (input.type === 'gateway_answered') changed.push(settleTransaction(tx, input, at));
    if (!request) return changed;
    const { kind, idempotencyKey, amount, token, chargeId } = request;
    const requested = tx.insert(transactions).values({
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
    return [...changed, requested];
  },
  measurements: measurementsOf,
};

/** Emits again the events that a payment's state implies; nothing is written but the outbox. */
export const repairHandler: CommandHandler<Repair, Payment | null, Payment> = {
  load: async (tx, { orderId }) => {
    const [row] = await tx.select().from(payments).where(eq(payments.orderId, orderId)).for('update');
    return row ? toPayment(row) : null;
  },
  decide: (_repair, payment) =>
    payment ? reemit(payment) : rejected('not_found', 'There is no such payment.'),
  save: () => [],
};

const settleTransaction = (
  tx: Transaction,
  { data }: Extract<PaymentInput, { type: 'gateway_answered' }>,
  at: Date,
): Statement => {
  const { answer, orderId } = data;
  return tx
    .update(transactions)
    .set({
      state: answer.outcome,
      gatewayId: 'gatewayId' in answer ? answer.gatewayId : null,
      lastError: 'code' in answer ? answer.code : null,
      updatedAt: at,
    })
    .where(and(eq(transactions.orderId, orderId), eq(transactions.kind, answer.kind)));
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
