// The texts about an order that its customer reads. Pure.
import type { Order, TrailEntry } from '../../api/types.ts';

/** "Ceramic mug and 1 more". */
export const titleOf = ({ items }: Pick<Order, 'items'>): string => {
  const [first, ...others] = items;
  if (first === undefined) return 'Order';
  return others.length === 0 ? first.name : `${first.name} and ${others.length} more`;
};

export interface Explanation {
  readonly what: string;
  readonly next: string;
}

const refundTexts: Readonly<Record<string, string>> = {
  refunded: 'You have been refunded.',
  succeeded: 'Your refund is on its way.',
};

/** Why the order was cancelled, and what that means for the customer; undefined unless it was cancelled. */
export const whyCancelled = ({ cancellationReason, payment }: Order): Explanation | undefined => {
  const money = refundTexts[payment.state] ?? 'You were not charged.';
  switch (cancellationReason) {
    case null:
      return undefined;
    case 'reservation_failed':
      return { what: 'Not enough stock.', next: money };
    case 'payment_failed':
      return { what: 'Your card was declined.', next: `${money} Order again with a different card.` };
    case 'reservation_expired':
      return { what: 'The order was not paid in time.', next: `${money} The items are no longer reserved.` };
    case 'customer_cancelled':
      return { what: 'You cancelled the order.', next: money };
    default:
      return { what: 'The order was cancelled.', next: money };
  }
};

const eventTexts: Readonly<Record<string, string>> = {
  place_order: 'You placed the order',
  'inventory.reservation_failed': 'Not enough stock',
  'inventory.released': 'The reservation was released',
  'inventory.committed': 'Your items were taken from stock',
  'payment.succeeded': 'Your card was charged',
  'payment.failed': 'Your card was declined',
  'payment.refunded': 'Your payment was refunded',
  cancel: 'You cancelled the order',
  confirm: 'A seller confirmed your order',
  fulfill: 'A seller shipped your items',
  deadline: 'The order was cancelled because it took too long',
};

/** The text of a history entry. Undefined for an entry that changed nothing for the customer. */
export const describeEntry = (entry: TrailEntry, earlier: readonly TrailEntry[]): string | undefined => {
  if (entry.outcome !== 'accepted') return undefined;
  if (entry.type === 'inventory.reserved') {
    const again = earlier.some(({ type, outcome }) => type === entry.type && outcome === 'accepted');
    return again ? 'Your reservation no longer expires' : 'Your items were reserved';
  }
  return eventTexts[entry.type] ?? entry.type;
};

const ended = new Set(['cancel', 'deadline', 'inventory.released', 'payment.refunded']);

/** Whether an entry advanced the order, ended it or failed. */
export const toneOf = ({ type }: TrailEntry): 'good' | 'bad' | 'neutral' => {
  if (type.endsWith('failed')) return 'bad';
  return ended.has(type) ? 'neutral' : 'good';
};

/** The items are reserved and the customer has to pay. */
export const isAwaitingPayment = ({ status, payment }: Order): boolean =>
  status === 'CONFIRMED' && payment.mode === 'MANUAL' && payment.state !== 'succeeded';

export interface Step {
  readonly name: string;
  readonly state: 'done' | 'now' | 'open' | 'stopped';
  readonly note: string;
}

/** The progress of an order, for its customer. */
export const stepsOf = (order: Order): Step[] => {
  const { status, reservation, payment, items } = order;
  const shipped = items.filter(({ fulfilment }) => fulfilment === 'shipped').length;
  const over = status === 'CANCELLED';
  // A step that a cancelled order had completed stays done, although it was compensated later.
  const heldBefore = over && ['released', 'expired'].includes(reservation.state);
  const paidBefore = over && ['succeeded', 'refunded'].includes(payment.state);
  const reserved =
    heldBefore ||
    paidBefore ||
    ['reserved', 'committed'].includes(reservation.state) ||
    payment.state === 'succeeded';
  const paid = status === 'PAID' || status === 'FULFILLED' || paidBefore;
  const step = (name: string, done: boolean, now: boolean, note: string): Step => ({
    name,
    state: done ? 'done' : over ? 'stopped' : now ? 'now' : 'open',
    note,
  });
  return [
    step('Placed', true, false, ''),
    step('Reserved', reserved, !reserved, reserved || over ? '' : 'checking stock'),
    step(
      'Paid',
      paid,
      reserved && !paid,
      reserved && !paid && !over
        ? payment.mode === 'MANUAL'
          ? 'waiting for your payment'
          : 'charging your card'
        : '',
    ),
    over
      ? { name: 'Cancelled', state: 'stopped', note: '' }
      : step(
          'Shipped',
          status === 'FULFILLED',
          paid,
          paid ? `${shipped} of ${items.length} ${items.length === 1 ? 'item' : 'items'}` : '',
        ),
  ];
};

/** Whether a cancelled order still waits for its refund or the release of its stock. Its event stream has ended by then. */
export const isBeingCompensated = ({ status, payment, reservation }: Order): boolean =>
  status === 'CANCELLED' &&
  (payment.state === 'succeeded' || payment.state === 'pending' || reservation.state === 'reserved');
