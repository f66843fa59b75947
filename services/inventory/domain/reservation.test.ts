// The tests apply every input in every state of a reservation, and check that no unit is lost or oversold.
import { describe, expect, it } from 'vitest';
import {
  decide,
  sumByProduct,
  type Reservation,
  type ReservationChange,
  type ReservationInput,
  type ReservationState,
  type ReservationView,
  type Stock,
} from './reservation.ts';

const createdAt = new Date('2026-01-01T10:00:00Z');
const expiresAt = new Date('2026-01-01T10:30:00Z');
const due = new Date('2026-01-01T10:30:00Z');
const early = new Date('2026-01-01T10:29:59.999Z');
const ttlMs = 30 * 60 * 1000;
const amount = { amountMinor: 100, currency: 'EUR' };
const orderId = 'order-1';
const held = [
  { productId: 'a', quantity: 2 },
  { productId: 'b', quantity: 1 },
];

const line = (productId: string, quantity: number) => ({
  productId,
  quantity,
  sellerId: 'seller',
  unitPrice: amount,
});
const created = (lines = [line('b', 1), line('a', 1), line('a', 1)]): ReservationInput => ({
  type: 'order.created',
  data: {
    orderId,
    customerId: 'customer',
    items: lines,
    total: amount,
    payment: { mode: 'AUTO', method: 'card', token: null },
  },
  at: createdAt,
  ttlMs,
});
const inputs: Record<string, ReservationInput> = {
  created: created(),
  paid: { type: 'payment.succeeded', data: { orderId, amount, chargeId: 'ch' }, at: due, ttlMs },
  paymentFailed: { type: 'payment.failed', data: { orderId, amount, code: 'declined' }, at: due, ttlMs },
  cancelled: {
    type: 'order.cancelled',
    data: { orderId, customerId: 'customer', reason: 'customer_cancelled' },
    at: due,
    ttlMs,
  },
  fulfilled: { type: 'order.fulfilled', data: { orderId, customerId: 'customer' }, at: due, ttlMs },
  expire: { type: 'expire', data: { orderId }, at: due, ttlMs },
  expireEarly: { type: 'expire', data: { orderId }, at: early, ttlMs },
};

const view = (state: ReservationState | 'none', stock: Record<string, Stock> = {}): ReservationView => {
  const holds = state === 'reserved' || state === 'pinned';
  const reservation: Reservation = {
    orderId,
    state: state === 'none' ? 'reserved' : state,
    items: state === 'failed' ? [] : held,
    expiresAt: state === 'reserved' ? expiresAt : null,
    createdAt,
    updatedAt: createdAt,
  };
  const reserved = (units: number) => (holds ? units : 0);
  return {
    reservation: state === 'none' ? null : reservation,
    stock: new Map(
      Object.entries({
        a: { available: 10, reserved: reserved(2) },
        b: { available: 1, reserved: reserved(1) },
        ...stock,
      }),
    ),
  };
};

/** The view after a change. */
const applied = ({ stock }: ReservationView, change: ReservationChange) => ({
  reservation: change.reservation,
  stock: new Map(
    [...stock].map(([id, { available, reserved }]) => {
      const by = change.stockChanges.find(({ productId }) => productId === id);
      return [
        id,
        { available: available + (by?.available ?? 0), reserved: reserved + (by?.reserved ?? 0) },
      ] as const;
    }),
  ),
});

const outcome = (input: ReservationInput, before: ReservationView): string => {
  const decision = decide(input, before);
  switch (decision.kind) {
    case 'accepted': {
      const { reservation, stock } = applied(before, decision.state);
      const events = decision.events.map(({ type, data }) =>
        'reason' in data ? `${type}(${data.reason})` : type,
      );
      const units = [...stock].map(([id, { available, reserved }]) => `${id}:${reserved}/${available}`);
      return [reservation.state, ...units, ...events].join(' ');
    }
    case 'ignored':
      return `ignored ${decision.reason}`;
    case 'rejected':
      return `rejected ${decision.code}`;
  }
};

const states = ['none', 'reserved', 'pinned', 'failed', 'released', 'expired', 'committed'] as const;
const already = (state: string) => `ignored reservation_already_${state}`;
const table: Record<string, Record<(typeof states)[number], string>> = {
  created: {
    none: 'reserved a:2/10 b:1/1 inventory.reserved',
    reserved: already('reserved'),
    pinned: already('pinned'),
    failed: already('failed'),
    released: already('released'),
    expired: already('expired'),
    committed: already('committed'),
  },
  paid: {
    none: 'rejected no_reservation',
    reserved: 'pinned a:2/10 b:1/1 inventory.reserved',
    pinned: already('pinned'),
    failed: already('failed'),
    released: already('released'),
    expired: already('expired'),
    committed: already('committed'),
  },
  paymentFailed: {
    none: 'rejected no_reservation',
    reserved: 'released a:0/10 b:0/1 inventory.released(payment_failed)',
    pinned: 'released a:0/10 b:0/1 inventory.released(payment_failed)',
    failed: already('failed'),
    released: already('released'),
    expired: already('expired'),
    committed: already('committed'),
  },
  cancelled: {
    none: 'released a:0/10 b:0/1',
    reserved: 'released a:0/10 b:0/1 inventory.released(order_cancelled)',
    pinned: 'released a:0/10 b:0/1 inventory.released(order_cancelled)',
    failed: already('failed'),
    released: already('released'),
    expired: already('expired'),
    committed: already('committed'),
  },
  fulfilled: {
    none: 'rejected no_reservation',
    reserved: 'committed a:0/8 b:0/0 inventory.committed',
    pinned: 'committed a:0/8 b:0/0 inventory.committed',
    failed: 'rejected not_held',
    released: 'rejected not_held',
    expired: 'rejected not_held',
    committed: already('committed'),
  },
  expire: {
    none: 'ignored reservation_missing',
    reserved: 'expired a:0/10 b:0/1 inventory.released(ttl_expired)',
    pinned: 'ignored reservation_pinned',
    failed: 'ignored reservation_failed',
    released: 'ignored reservation_released',
    expired: 'ignored reservation_expired',
    committed: 'ignored reservation_committed',
  },
  expireEarly: {
    none: 'ignored reservation_missing',
    reserved: 'ignored not_due',
    pinned: 'ignored reservation_pinned',
    failed: 'ignored reservation_failed',
    released: 'ignored reservation_released',
    expired: 'ignored reservation_expired',
    committed: 'ignored reservation_committed',
  },
};

describe('the input', () => {
  for (const [name, input] of Object.entries(inputs)) {
    it.each(states)(`${name} in the state %s has the outcome of the table`, (state) => {
      expect(outcome(input, view(state))).toBe(table[name]?.[state]);
    });
  }
});

describe('reserving', () => {
  it('reserves the units per product, sorted by product id, until the TTL', () => {
    const decision = decide(created(), view('none'));
    expect(decision).toMatchObject({
      state: { reservation: { state: 'reserved', items: held, expiresAt } },
      events: [{ data: { items: held, expiresAt } }],
    });
  });

  it('reserves nothing if one product is short, and names the short products', () => {
    const before = view('none', { b: { available: 5, reserved: 5 } });
    const decision = decide(created([line('a', 1), line('b', 1), line('ghost', 3)]), before);
    expect(decision).toMatchObject({
      kind: 'accepted',
      state: { reservation: { state: 'failed', items: [], expiresAt: null } },
      events: [
        {
          type: 'inventory.reservation_failed',
          data: {
            shortages: [
              { productId: 'b', requested: 1, free: 0 },
              { productId: 'ghost', requested: 3, free: 0 },
            ],
          },
        },
      ],
    });
    if (decision.kind === 'accepted') expect(decision.state.stockChanges).toEqual([]);
  });

  it('sums two lines of the same product before it checks the stock', () => {
    const before = view('none', { a: { available: 3, reserved: 0 } });
    const decision = decide(created([line('a', 2), line('a', 2)]), before);
    expect(decision).toMatchObject({
      events: [{ data: { shortages: [{ productId: 'a', requested: 4, free: 3 }] } }],
    });
  });
});

describe('races, in both sequences', () => {
  const run = (from: ReservationState | 'none', names: readonly string[]): string[] => {
    let state = view(from);
    return names.map((name) => {
      const input = inputs[name];
      if (!input) throw new Error(`there is no input ${name}`);
      const result = outcome(input, state);
      const decision = decide(input, state);
      if (decision.kind === 'accepted') state = applied(state, decision.state);
      return result;
    });
  };
  const pinned = 'pinned a:2/10 b:1/1 inventory.reserved';
  const released = (reason: string) => `released a:0/10 b:0/1 inventory.released(${reason})`;
  const expired = 'expired a:0/10 b:0/1 inventory.released(ttl_expired)';
  const races: readonly (readonly [string, ReservationState | 'none', string[], string[]])[] = [
    [
      'payment, then expiry: the stock stays pinned',
      'reserved',
      ['paid', 'expire'],
      [pinned, 'ignored reservation_pinned'],
    ],
    [
      'expiry, then payment: too late to pin anything',
      'reserved',
      ['expire', 'paid'],
      [expired, already('expired')],
    ],
    ['payment, then cancellation', 'reserved', ['paid', 'cancelled'], [pinned, released('order_cancelled')]],
    [
      'cancellation, then payment',
      'reserved',
      ['cancelled', 'paid'],
      [released('order_cancelled'), already('released')],
    ],
    [
      'reservation, then cancellation',
      'none',
      ['created', 'cancelled'],
      ['reserved a:2/10 b:1/1 inventory.reserved', released('order_cancelled')],
    ],
    [
      'cancellation, then reservation: nothing is reserved because of the tombstone',
      'none',
      ['cancelled', 'created'],
      ['released a:0/10 b:0/1', already('released')],
    ],
    [
      'failed payment, then expiry',
      'reserved',
      ['paymentFailed', 'expire'],
      [released('payment_failed'), 'ignored reservation_released'],
    ],
    ['expiry, then failed payment', 'reserved', ['expire', 'paymentFailed'], [expired, already('expired')]],
    [
      'cancellation, then expiry',
      'reserved',
      ['cancelled', 'expire'],
      [released('order_cancelled'), 'ignored reservation_released'],
    ],
    ['expiry, then cancellation', 'reserved', ['expire', 'cancelled'], [expired, already('expired')]],
    [
      'failed payment, then cancellation',
      'reserved',
      ['paymentFailed', 'cancelled'],
      [released('payment_failed'), already('released')],
    ],
    [
      'cancellation, then failed payment',
      'reserved',
      ['cancelled', 'paymentFailed'],
      [released('order_cancelled'), already('released')],
    ],
    [
      'shipping, then a payment that was replayed late',
      'reserved',
      ['fulfilled', 'paid'],
      ['committed a:0/8 b:0/0 inventory.committed', already('committed')],
    ],
  ];
  it.each(races)('%s', (_race, from, names, expected) => {
    expect(run(from, names)).toEqual(expected);
  });
});

describe('every input in every state', () => {
  it('neither oversells nor loses a unit, and keeps the reserved units equal to those of reserved and pinned reservations', () => {
    for (const input of Object.values(inputs)) {
      for (const state of states) {
        const before = view(state);
        const decision = decide(input, before);
        if (decision.kind !== 'accepted') continue;
        const { reservation, stock } = applied(before, decision.state);
        const holds = reservation.state === 'reserved' || reservation.state === 'pinned';
        for (const [productId, { available, reserved }] of stock) {
          expect(reserved).toBeGreaterThanOrEqual(0);
          expect(reserved).toBeLessThanOrEqual(available);
          const quantity = held.find((item) => item.productId === productId)?.quantity ?? 0;
          expect(reserved).toBe(holds ? quantity : 0);
          const gone = (before.stock.get(productId)?.available ?? 0) - available;
          expect(gone).toBe(reservation.state === 'committed' ? quantity : 0);
        }
      }
    }
  });
});

describe('summing lines', () => {
  it('returns one entry per product, sorted by product id', () => {
    expect(sumByProduct([line('b', 1), line('a', 2), line('b', 3)])).toEqual([
      { productId: 'a', quantity: 2 },
      { productId: 'b', quantity: 4 },
    ]);
  });
});
