// The texts about an order that its customer reads. Pure.
import type { HistoryEntry, Order, Payment } from '../../api/types.ts';
import { linesByProduct } from '../../parts/order-lines.ts';

/** "Ceramic mug and 1 more". */
export const titleOf = ({ items }: Pick<Order, 'items'>): string => {
  const [first, ...others] = linesByProduct(items);
  if (first === undefined) return 'Order';
  return others.length === 0 ? first.name : `${first.name} and ${others.length} more`;
};

interface Explanation {
  readonly reason: string;
  readonly consequence: string;
}

/**
 * The state of the payment that the customer sees. The order learns of a charge or a refund through an event, so the order can be
 * older than the payment. The cached payment can also be older than the order. Therefore the later of the two states counts.
 */
export const paymentStateOf = (
  { payment: { state } }: Order,
  payment: Payment | undefined,
): Payment['state'] => {
  if (state === 'refunded' || payment?.state === 'REFUNDED') return 'REFUNDED';
  if (state === 'succeeded' || payment?.state === 'SUCCEEDED') return 'SUCCEEDED';
  if (payment === undefined || wasNeverCharged(payment)) return 'PENDING';
  return payment.state;
};

/** Whether the payment FAILED because the order was cancelled before the charge, not because the card was declined. */
const wasNeverCharged = ({ state, failureCode }: Payment): boolean =>
  state === 'FAILED' && (failureCode === null || failureCode === 'not_attempted');

const refundTexts: Readonly<Record<Payment['state'], string>> = {
  PENDING: 'You were not charged.',
  FAILED: 'You were not charged.',
  UNKNOWN: 'If your card was charged, you get a full refund.',
  SUCCEEDED: 'Your refund is on its way.',
  REFUNDED: 'You have been refunded.',
};

/** Explains why the order was cancelled and whether the customer gets a refund; undefined if the order was not cancelled. */
export const whyCancelled = (
  { cancellationReason }: Order,
  paymentState: Payment['state'],
): Explanation | undefined => {
  const refund = refundTexts[paymentState];
  switch (cancellationReason) {
    case null:
      return undefined;
    case 'reservation_failed':
      return { reason: 'Not enough stock.', consequence: refund };
    case 'payment_failed':
      return {
        reason: 'Your card was declined.',
        consequence: `${refund} Order again with a different card.`,
      };
    case 'reservation_expired':
      return {
        reason: 'The order was not paid in time.',
        consequence: `${refund} The items are no longer reserved for you.`,
      };
    case 'customer_cancelled':
      return { reason: 'You cancelled the order.', consequence: refund };
    default:
      return { reason: 'The order was cancelled.', consequence: refund };
  }
};

const eventTexts: Readonly<Record<string, string>> = {
  place_order: 'You placed the order',
  'inventory.reservation_failed': 'Not enough stock',
  'inventory.released': 'Your items are no longer reserved',
  'payment.succeeded': 'Your card was charged',
  'payment.failed': 'Your card was declined',
  'payment.refunded': 'Your payment was refunded',
  cancel: 'You cancelled the order',
  confirm: 'A seller confirmed your order',
  fulfill: 'A seller shipped your items',
  deadline: 'The order was cancelled because it was not completed in time',
};

/** The text of a history entry; undefined for an entry that does not concern the customer. `earlier`: the entries before it. */
export const describeEntry = (entry: HistoryEntry, earlier: readonly HistoryEntry[]): string | undefined => {
  if (entry.outcome !== 'accepted' || entry.type === 'inventory.committed') return undefined;
  if (entry.type === 'inventory.reserved') {
    const wasReserved = earlier.some(({ type, outcome }) => type === entry.type && outcome === 'accepted');
    return wasReserved ? 'Your items are kept for you until they are shipped' : 'Your items were reserved';
  }
  return eventTexts[entry.type] ?? entry.type;
};

const undoingTypes = new Set(['cancel', 'deadline', 'inventory.released', 'payment.refunded']);

/** `good`: the entry advanced the order. `neutral`: it cancelled the order or undid a step. `bad`: a step failed. */
export const toneOf = ({ type }: HistoryEntry): 'good' | 'bad' | 'neutral' => {
  if (type.endsWith('failed')) return 'bad';
  return undoingTypes.has(type) ? 'neutral' : 'good';
};

/** Whether the items are reserved and the customer still has to pay. */
export const isAwaitingPayment = ({ status, payment }: Order): boolean =>
  status === 'CONFIRMED' && payment.mode === 'MANUAL' && payment.state !== 'succeeded';

const usualMs = 10_000;

/** Whether the order still waits for a service, not for its customer, after the usual time. `now`: milliseconds since the epoch. */
export const isDelayed = ({ status, payment, createdAt }: Order, now: number): boolean =>
  (status === 'PENDING' || (status === 'CONFIRMED' && payment.mode === 'AUTO')) &&
  now - Date.parse(createdAt) > usualMs;

export interface Step {
  readonly name: string;
  /** `stopped`: not reached, because the order was cancelled. */
  readonly state: 'done' | 'now' | 'open' | 'stopped' | 'cancelled';
  readonly note: string;
}

/** The progress of an order, for its customer. */
export const stepsOf = (order: Order, paymentState: Payment['state']): Step[] => {
  const { status, reservation, payment } = order;
  const items = linesByProduct(order.items);
  const shipped = items.filter(({ fulfilment }) => fulfilment === 'shipped').length;
  const isCancelled = status === 'CANCELLED';
  // A step that was completed before the cancellation stays done, although it was compensated later.
  const wasReserved = isCancelled && ['released', 'expired'].includes(reservation.state);
  const isCharged = paymentState === 'SUCCEEDED' || paymentState === 'REFUNDED';
  const wasPaid = isCancelled && isCharged;
  const reserved =
    wasReserved ||
    wasPaid ||
    ['reserved', 'committed'].includes(reservation.state) ||
    payment.state === 'succeeded';
  const paid = status === 'PAID' || status === 'FULFILLED' || wasPaid;
  const step = (name: string, isDone: boolean, isCurrent: boolean, note: string): Step => ({
    name,
    state: isDone ? 'done' : isCancelled ? 'stopped' : isCurrent ? 'now' : 'open',
    note,
  });
  return [
    step('Placed', true, false, ''),
    step('Reserved', reserved, !reserved, reserved || isCancelled ? '' : 'checking stock'),
    step(
      'Paid',
      paid,
      reserved && !paid,
      reserved && !paid && !isCancelled
        ? isCharged
          ? 'confirming your payment'
          : payment.mode === 'MANUAL'
            ? 'waiting for your payment'
            : 'charging your card'
        : '',
    ),
    isCancelled
      ? { name: 'Cancelled', state: 'cancelled', note: '' }
      : step(
          'Shipped',
          status === 'FULFILLED',
          paid,
          paid ? `${shipped} of ${items.length} ${items.length === 1 ? 'item' : 'items'}` : '',
        ),
  ];
};

/** Says why the customer cannot cancel the order; undefined if the order can be cancelled. */
export const whyNotCancellable = ({ status, items }: Pick<Order, 'status' | 'items'>): string | undefined => {
  if (status === 'CANCELLED') return 'The order is cancelled.';
  return items.some(({ fulfilment }) => fulfilment === 'shipped')
    ? 'A seller has shipped items of this order, so it can no longer be cancelled.'
    : undefined;
};

/**
 * Whether a cancelled order still waits for the result of its payment, its refund or the release of its stock. The event stream of
 * the order has already ended then, so the page polls. A payment that is closed without a charge has no event, so the order stays
 * `pending`.
 */
export const isBeingCompensated = (
  { status, payment: { state }, reservation }: Order,
  payment: Payment | undefined,
): boolean =>
  status === 'CANCELLED' &&
  (state === 'succeeded' ||
    (state === 'pending' && payment?.state !== 'FAILED') ||
    reservation.state === 'reserved');
