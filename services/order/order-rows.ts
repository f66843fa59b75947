// Turns rows into orders. A column value that the domain does not know throws here.
import { asc, inArray } from 'drizzle-orm';
import type { orders } from '../../drizzle/order/schema.ts';
import { orderItems } from '../../drizzle/order/schema.ts';
import type { CancellationReason, PaymentMode } from '../../schemas/generated/events.ts';
import type { Database } from '../platform/database/database.ts';
import { oneOf } from '../platform/database/one-of.ts';
import type { Fulfilment, Order, OrderItem, PaymentState, ReservationState } from './domain/order.ts';

type OrderRow = typeof orders.$inferSelect;
type ItemRow = typeof orderItems.$inferSelect;

const reservationStateOf = oneOf<ReservationState>(
  'pending',
  'reserved',
  'failed',
  'released',
  'expired',
  'committed',
);
const paymentStateOf = oneOf<PaymentState>('none', 'pending', 'succeeded', 'failed', 'refunded');
const paymentModeOf = oneOf<PaymentMode>('unspecified', 'AUTO', 'MANUAL');
const fulfilmentOf = oneOf<Fulfilment>('open', 'confirmed', 'shipped');
const cancellationReasonOf = oneOf<CancellationReason>(
  'unspecified',
  'reservation_failed',
  'payment_failed',
  'reservation_expired',
  'customer_cancelled',
);

const toItem = (row: ItemRow, currency: string): OrderItem => ({
  productId: row.productId,
  sellerId: row.sellerId,
  name: row.name,
  quantity: row.quantity,
  unitPrice: { amountMinor: row.unitPriceMinor, currency },
  fulfilment: fulfilmentOf(row.fulfilment),
});

export const toOrder = (row: OrderRow, items: readonly ItemRow[]): Order => ({
  id: row.id,
  customerId: row.customerId,
  items: items.map((item) => toItem(item, row.currency)),
  total: { amountMinor: row.totalMinor, currency: row.currency },
  reservation: { state: reservationStateOf(row.reservationState), expiresAt: row.reservationExpiresAt },
  payment: {
    mode: paymentModeOf(row.paymentMode),
    method: row.paymentMethod,
    token: row.paymentToken,
    state: paymentStateOf(row.paymentState),
  },
  cancellation: row.cancellationReason === null ? null : cancellationReasonOf(row.cancellationReason),
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

export const itemsOf = (db: Pick<Database, 'select'>, ids: readonly string[]): Promise<ItemRow[]> =>
  db
    .select()
    .from(orderItems)
    .where(inArray(orderItems.orderId, [...ids]))
    .orderBy(asc(orderItems.orderId), asc(orderItems.line));
