// Loads and saves payments. The first event of an order creates its payment row, and every input locks this row. A request to
// the gateway is stored in the transaction of the decision that makes it.
import { and, asc, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { payments, transactions } from '../../drizzle/payment/schema.ts';
import type { Database, Statement, Transaction } from '../platform/database/database.ts';
import { insertInto, rowForUpdate, updateOf } from '../platform/database/prepared.ts';
import { rejected } from '../platform/transaction/decision/decision.ts';
import type { CommandHandler } from '../platform/transaction/handle.ts';
import type { Repair } from '../platform/transaction/repair.ts';
import { decide, type PaymentInput } from './domain/decide.ts';
import { measurementsOf } from './domain/measurements.ts';
import { newPayment, type Payment, type PaymentView } from './domain/payment.ts';
import { reemit } from './domain/reemit.ts';
import { kindOf, toPayment, toRow, type TransactionRow } from './payment-rows.ts';

const insertPayment = insertInto(payments, { ignoreConflicts: true });
const insertTransaction = insertInto(transactions);
const updatePayment = updateOf(payments, payments.orderId);
const paymentForUpdate = rowForUpdate(payments, payments.orderId);

/** Inserts the payment row if it is missing, then locks it, so that two concurrent first events cannot both create it. */
const lockPayment = async (tx: Transaction, { type, data, at }: PaymentInput): Promise<Payment> => {
  const initial = newPayment(data.orderId, at);
  // Both statements are sent together and run one after the other, the insert first. A customer's `pay` does not create a payment.
  const [, [row]] = await Promise.all([
    type === 'pay' ? undefined : insertPayment(tx, [toRow(initial)]).execute(),
    paymentForUpdate(tx, data.orderId),
  ]);
  return row ? toPayment(row) : initial;
};

/** Handles one input of an order's payment. */
export const paymentHandler: CommandHandler<PaymentInput, PaymentView> = {
  load: async (tx, input) => ({ payment: await lockPayment(tx, input), request: null }),
  decide,
  save: (tx, _before, decision, { id, input, context, at }) => {
    if (decision.kind === 'ignored') return [];
    const { payment, request } = decision.state;
    const { orderId, ...columns } = toRow(payment);
    const statements: Statement[] = [updatePayment(tx, orderId, columns)];
    if (input.type === 'gateway_answered') statements.push(settleTransaction(tx, input, at));
    if (!request) return statements;
    const { kind, idempotencyKey, amount, token, chargeId } = request;
    const requestRow = {
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
    };
    return [...statements, insertTransaction(tx, [requestRow])];
  },
  measurements: measurementsOf,
};

/** Emits the event of the payment's current state again. The payment does not change. */
export const repairHandler: CommandHandler<Repair, Payment | null, Payment> = {
  load: async (tx, { orderId }) => {
    const [row] = await paymentForUpdate(tx, orderId);
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

/** The payment of an order with its requests to the gateway, oldest first. */
export async function findPayment(
  db: Pick<Database, 'select'>,
  orderId: string,
): Promise<PaymentDetails | undefined> {
  const [row] = await db.select().from(payments).where(eq(payments.orderId, orderId));
  if (!row) return undefined;
  const requests = await db
    .select()
    .from(transactions)
    .where(eq(transactions.orderId, orderId))
    .orderBy(asc(transactions.createdAt));
  return {
    payment: toPayment(row),
    transactions: requests.map((request) => ({ ...request, kind: kindOf(request.kind) })),
  };
}
