// Turns rows into payments and gateway requests, and payments into rows. A column value that the domain does not know throws
// here.
import type { payments, transactions } from '../../drizzle/payment/schema.ts';
import type { PaymentMode, RefundReason } from '../../schemas/generated/events.ts';
import { oneOf } from '../platform/database/one-of.ts';
import type { GatewayRequest, Payment, Terms } from './domain/payment.ts';

type PaymentRow = typeof payments.$inferSelect;
export type TransactionRow = Omit<typeof transactions.$inferSelect, 'kind'> & {
  readonly kind: GatewayRequest['kind'];
};

const modeOf = oneOf<PaymentMode>('unspecified', 'AUTO', 'MANUAL');
const holdOf = oneOf<Payment['hold']>('unknown', 'held', 'pinned');
const chargeOf = oneOf<Payment['charge']>('none', 'started', 'succeeded', 'failed');
const refundOf = oneOf<Payment['refund']>('none', 'started', 'succeeded');
const closedByOf = oneOf<RefundReason>('unspecified', 'order_cancelled', 'reservation_expired');
export const kindOf = oneOf<GatewayRequest['kind']>('charge', 'refund');

const termsOf = (row: PaymentRow): Terms | null => {
  const { customerId, amountMinor, currency, mode, method, token } = row;
  if (customerId === null || amountMinor === null || currency === null || mode === null || method === null) {
    return null;
  }
  return { customerId, amount: { amountMinor, currency }, mode: modeOf(mode), method, token };
};

export const toPayment = (row: PaymentRow): Payment => ({
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

export const toRow = ({ terms, ...payment }: Payment): PaymentRow => ({
  ...payment,
  customerId: terms?.customerId ?? null,
  amountMinor: terms?.amount.amountMinor ?? null,
  currency: terms?.amount.currency ?? null,
  mode: terms?.mode ?? null,
  method: terms?.method ?? null,
  token: terms?.token ?? null,
});
