import { describe, expect, it } from 'vitest';
import type { Order, Payment } from '../../api/types.ts';
import {
  describeEntry,
  isBeingCompensated,
  isDelayed,
  paymentStateOf,
  stepsOf,
  titleOf,
  toneOf,
  whyCancelled,
  whyNotCancellable,
} from './order-texts.ts';

const order = (change: Partial<Order> = {}): Order => ({
  id: '01a21536-3d55-72a6-ba53-351e4ac87983',
  customerId: 'user-customer-001',
  status: 'PENDING',
  cancellationReason: null,
  items: [
    {
      productId: 'mug',
      sellerId: 'one',
      name: 'Mug',
      quantity: 2,
      unitPrice: { amountMinor: 1, currency: 'EUR' },
      fulfilment: 'open',
    },
    {
      productId: 'pen',
      sellerId: 'two',
      name: 'Pen',
      quantity: 1,
      unitPrice: { amountMinor: 1, currency: 'EUR' },
      fulfilment: 'shipped',
    },
  ],
  total: { amountMinor: 3, currency: 'EUR' },
  reservation: { state: 'pending', expiresAt: null },
  payment: { mode: 'AUTO', state: 'none' },
  version: 1,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  ...change,
});
const paid = { mode: 'AUTO', state: 'succeeded' };

it('titles an order with the name of its first product', () => {
  expect(titleOf(order())).toBe('Mug and 1 more');
  const [mug] = order().items;
  expect(titleOf({ items: mug ? [mug, mug] : [] })).toBe('Mug');
});

it.each<[string, Partial<Order>, boolean]>([
  ['a pending order', {}, true],
  ['an order whose card is being charged', { status: 'CONFIRMED' }, true],
  [
    'an order that waits for its customer',
    { status: 'CONFIRMED', payment: { mode: 'MANUAL', state: 'none' } },
    false,
  ],
  ['a paid order', { status: 'PAID', payment: paid }, false],
])('says after 10 s whether %s is delayed', (_, change, expected) => {
  const placedAt = Date.parse(order().createdAt);
  expect(isDelayed(order(change), placedAt + 10_001)).toBe(expected);
  expect(isDelayed(order(change), placedAt + 9_999)).toBe(false);
});

describe('the steps of an order', () => {
  const states = (change: Partial<Order>): string =>
    stepsOf(order(change), paymentStateOf(order(change), undefined))
      .map(({ state }) => state)
      .join(' ');
  it.each<[Partial<Order>, string]>([
    [{}, 'done now open open'],
    [{ status: 'CONFIRMED', reservation: { state: 'reserved', expiresAt: null } }, 'done done now open'],
    [{ status: 'PAID', payment: paid }, 'done done done now'],
    [{ status: 'FULFILLED', payment: paid }, 'done done done done'],
    [{ status: 'CANCELLED' }, 'done stopped stopped cancelled'],
    [
      { status: 'CANCELLED', reservation: { state: 'released', expiresAt: null } },
      'done done stopped cancelled',
    ],
    [
      {
        status: 'CANCELLED',
        reservation: { state: 'released', expiresAt: null },
        payment: { mode: 'AUTO', state: 'refunded' },
      },
      'done done done cancelled',
    ],
  ])('with %j are %s', (change, expected) => {
    expect(states(change)).toBe(expected);
  });
});

describe('the text about a cancellation', () => {
  it.each([
    ['reservation_failed', 'Not enough stock.'],
    ['payment_failed', 'Your card was declined.'],
    ['reservation_expired', 'The order was not paid in time.'],
    ['customer_cancelled', 'You cancelled the order.'],
    ['an unknown reason', 'The order was cancelled.'],
  ])('explains %s', (cancellationReason, reason) => {
    expect(whyCancelled(order({ status: 'CANCELLED', cancellationReason }), 'PENDING')?.reason).toBe(reason);
  });

  it('says whether the customer is refunded', () => {
    const consequence = (state: Payment['state']) =>
      whyCancelled(order({ cancellationReason: 'customer_cancelled' }), state)?.consequence;
    expect((['PENDING', 'UNKNOWN', 'SUCCEEDED', 'REFUNDED'] as const).map(consequence)).toEqual([
      'You were not charged.',
      'If your card was charged, you get a full refund.',
      'Your refund is on its way.',
      'You have been refunded.',
    ]);
  });
});

describe('the state of a payment', () => {
  const shown = (orderState: string, state?: Payment['state'], failureCode: string | null = null) =>
    paymentStateOf(
      order({ payment: { mode: 'AUTO', state: orderState } }),
      state && ({ state, failureCode } as Payment),
    );
  it('is the later of the states of the order and the payment', () => {
    expect([shown('succeeded', 'REFUNDED'), shown('refunded', 'SUCCEEDED')]).toEqual([
      'REFUNDED',
      'REFUNDED',
    ]);
    expect([shown('none', 'SUCCEEDED'), shown('succeeded', 'PENDING')]).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect([shown('none'), shown('none', 'UNKNOWN')]).toEqual(['PENDING', 'UNKNOWN']);
  });
  it('is FAILED only when the card was declined', () => {
    expect(shown('failed', 'FAILED', 'card_declined')).toBe('FAILED');
    expect([shown('pending', 'FAILED'), shown('pending', 'FAILED', 'not_attempted')]).toEqual([
      'PENDING',
      'PENDING',
    ]);
  });
});

it('says why an order cannot be cancelled', () => {
  const [first, second] = order().items;
  const unshipped = order({ items: first ? [first] : [] });
  expect(whyNotCancellable(unshipped)).toBeUndefined();
  expect(whyNotCancellable({ ...unshipped, status: 'CANCELLED' })).toBe('The order is cancelled.');
  expect(whyNotCancellable({ ...unshipped, items: second ? [second] : [] })).toMatch(/^A seller has shipped/);
});

it('a cancelled order is being compensated until it is refunded and its stock is released', () => {
  const cancelled = (change: Partial<Order>, payment?: Payment['state']) =>
    isBeingCompensated(
      order({ status: 'CANCELLED', ...change }),
      payment && ({ state: payment, failureCode: null } as Payment),
    );
  expect(cancelled({ payment: paid })).toBe(true);
  expect(
    cancelled({
      payment: { mode: 'AUTO', state: 'refunded' },
      reservation: { state: 'reserved', expiresAt: null },
    }),
  ).toBe(true);
  expect(
    cancelled({
      payment: { mode: 'AUTO', state: 'refunded' },
      reservation: { state: 'released', expiresAt: null },
    }),
  ).toBe(false);
  const pending: Partial<Order> = {
    payment: { mode: 'AUTO', state: 'pending' },
    reservation: { state: 'failed', expiresAt: null },
  };
  expect(
    ([undefined, 'PENDING', 'UNKNOWN', 'FAILED'] as const).map((state) => cancelled(pending, state)),
  ).toEqual([true, true, true, false]);
  expect(isBeingCompensated(order({ status: 'PAID', payment: paid }), undefined)).toBe(false);
});

it('describes history entries, except those without effect and those that do not concern the customer', () => {
  const entry = {
    type: 'inventory.reserved',
    outcome: 'accepted',
    inputId: '1',
    actor: '',
    status: 'PENDING',
    version: 1,
    correlationId: '',
    causationId: '',
    occurredAt: '',
    recordedAt: '',
  } as const;
  expect(describeEntry(entry, [])).toBe('Your items were reserved');
  expect(describeEntry(entry, [entry])).toBe('Your items are kept for you until they are shipped');
  expect(describeEntry({ ...entry, outcome: 'ignored' }, [])).toBeUndefined();
  expect(describeEntry({ ...entry, type: 'inventory.committed' }, [])).toBeUndefined();
  const tones = ['payment.succeeded', 'payment.failed', 'payment.refunded', 'cancel'].map((type) =>
    toneOf({ ...entry, type }),
  );
  expect(tones).toEqual(['good', 'bad', 'neutral', 'neutral']);
});
