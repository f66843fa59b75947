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
      return { what: 'Not enough was in stock.', next: money };
    case 'payment_failed':
      return { what: 'Your card was declined.', next: `${money} Order again and choose another card.` };
    case 'reservation_expired':
      return { what: 'The order was not paid in time.', next: `${money} Your items are for sale again.` };
    case 'customer_cancelled':
      return { what: 'You cancelled the order.', next: money };
    default:
      return { what: 'The order was cancelled.', next: money };
  }
};

const happened: Readonly<Record<string, string>> = {
  place_order: 'You placed the order',
  'inventory.reservation_failed': 'Not enough was in stock',
  'inventory.released': 'Your items are for sale again',
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

const ended = new Set(['cancel', 'deadline', 'inventory.released', 'payment.refunded']);

/** Whether an entry brought the order further, ended it, or failed. */
export const toneOf = ({ type }: TrailEntry): 'good' | 'bad' | 'neutral' => {
  if (type.endsWith('failed')) return 'bad';
  return ended.has(type) ? 'neutral' : 'good';
};

/** The items are held, and the customer is to pay by hand. */
export const isToPay = ({ status, payment }: Order): boolean =>
  status === 'CONFIRMED' && payment.mode === 'MANUAL' && payment.state !== 'succeeded';

export interface Step {
  readonly name: string;
  readonly state: 'done' | 'now' | 'open' | 'stopped';
  readonly note: string;
}

/** The way of an order, as a customer follows it. */
export const stepsOf = (order: Order): Step[] => {
  const { status, reservation, payment, items } = order;
  const shipped = items.filter(({ fulfilment }) => fulfilment === 'shipped').length;
  const over = status === 'CANCELLED';
  // What a cancelled order had reached stays done, although it was undone afterwards.
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
    step('Reserved', reserved, !reserved, reserved || over ? '' : 'asking the sellers'),
    step(
      'Paid',
      paid,
      reserved && !paid,
      reserved && !paid && !over ? (payment.mode === 'MANUAL' ? 'waits for you' : 'charging your card') : '',
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

/** Whether a cancelled order still waits for its money or its stock to return: its stream has ended by then. */
export const isReturning = ({ status, payment, reservation }: Order): boolean =>
  status === 'CANCELLED' &&
  (payment.state === 'succeeded' || payment.state === 'pending' || reservation.state === 'reserved');
