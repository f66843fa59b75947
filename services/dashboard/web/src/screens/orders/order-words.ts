// An order in the words of its customer. Pure.
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

const moneyBack: Readonly<Record<string, string>> = {
  refunded: 'Your money has been returned.',
  succeeded: 'Your money is being returned.',
};

/** Why an order ended, and what that means for the customer; undefined unless it was cancelled. */
export const whyCancelled = ({ cancellationReason, payment }: Order): Explanation | undefined => {
  const money = moneyBack[payment.state] ?? 'You were not charged.';
  switch (cancellationReason) {
    case null:
      return undefined;
    case 'reservation_failed':
      return { what: 'Somebody else was faster: not enough was left.', next: money };
    case 'payment_failed':
      return { what: 'Your card was declined.', next: `${money} Order again with another card.` };
    case 'reservation_expired':
      return { what: 'The order was not paid in time.', next: `${money} Your items are free again.` };
    case 'customer_cancelled':
      return { what: 'You cancelled the order.', next: money };
    default:
      return { what: 'The order was cancelled.', next: money };
  }
};

const happened: Readonly<Record<string, string>> = {
  place_order: 'You placed the order',
  'inventory.reservation_failed': 'Not enough was left',
  'inventory.released': 'Your items are free again',
  'inventory.committed': 'Your items left the stock',
  'payment.succeeded': 'Your card was charged',
  'payment.failed': 'Your card was declined',
  'payment.refunded': 'Your money was returned',
  cancel: 'You cancelled the order',
  confirm: 'A seller confirmed your order',
  fulfill: 'A seller shipped',
  deadline: 'The order took too long and was ended',
};

/** One entry of the history. Undefined when it changed nothing that matters to a customer. */
export const entryInWords = (entry: TrailEntry, earlier: readonly TrailEntry[]): string | undefined => {
  if (entry.outcome !== 'accepted') return undefined;
  if (entry.type === 'inventory.reserved') {
    const again = earlier.some(({ type, outcome }) => type === entry.type && outcome === 'accepted');
    return again ? 'The items are yours' : 'The sellers hold your items';
  }
  return happened[entry.type] ?? entry.type;
};

export interface Step {
  readonly name: string;
  readonly state: 'done' | 'now' | 'open' | 'stopped';
  readonly note: string;
}

/** The way of an order, as a customer follows it. */
export const stepsOf = (order: Order): Step[] => {
  const { status, reservation, payment, items } = order;
  const shipped = items.filter(({ fulfilment }) => fulfilment === 'shipped').length;
  const reserved = ['reserved', 'committed'].includes(reservation.state) || payment.state === 'succeeded';
  const paid = status === 'PAID' || status === 'FULFILLED';
  const over = status === 'CANCELLED';
  const step = (name: string, done: boolean, now: boolean, note: string): Step => ({
    name,
    state: done ? 'done' : over ? 'stopped' : now ? 'now' : 'open',
    note,
  });
  return [
    step('Placed', true, false, ''),
    step('Reserved', reserved && !over, !reserved, reserved || over ? '' : 'asking the sellers'),
    step(
      'Paid',
      paid,
      reserved && !paid,
      reserved && !paid && !over ? (payment.mode === 'MANUAL' ? 'waits for you' : 'charging your card') : '',
    ),
    step(
      'Shipped',
      status === 'FULFILLED',
      paid,
      paid ? `${shipped} of ${items.length} ${items.length === 1 ? 'item' : 'items'}` : '',
    ),
  ];
};

/** Whether a cancelled order still waits for its money or its stock to return: its stream has ended by then. */
export const isReturning = ({ status, payment, reservation }: Order): boolean =>
  status === 'CANCELLED' &&
  (payment.state === 'succeeded' || payment.state === 'pending' || reservation.state === 'reserved');
