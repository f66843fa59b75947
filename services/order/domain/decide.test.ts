// Each table lists the outcome of an event for every state of the reservation or of the payment. The last test checks the
// invariants for every input with many combinations of facts.
import { describe, expect, it } from 'vitest';
import { decide, type OrderInput } from './decide.ts';
import {
  isPinned,
  statusOf,
  type Fulfilment,
  type Order,
  type OrderStatus,
  type PaymentState,
} from './order.ts';

const createdAt = new Date('2026-01-01T10:00:00Z');
const at = new Date('2026-01-01T10:05:00Z');
const expiresAt = new Date('2026-01-01T10:30:00Z');
const price = { amountMinor: 1_000, currency: 'EUR' };
const data = { orderId: 'order-1' };
const items = [{ productId: 'a', quantity: 1 }];
const amount = { amountMinor: 2_000, currency: 'EUR' };

type Holding = Order['reservation']['state'] | 'pinned';
interface Facts {
  readonly holding: Holding;
  readonly payment: PaymentState;
  readonly cancellation: Order['cancellation'];
  /** Fulfilment of the line of seller-1 and of the line of seller-2. */
  readonly lines: readonly [Fulfilment, Fulfilment];
}

const order = (facts: Partial<Facts>): Order => {
  const { holding = 'pending', payment = 'pending', cancellation = null, lines = ['open', 'open'] } = facts;
  return {
    id: 'order-1',
    customerId: 'customer-1',
    items: lines.map((fulfilment, index) => ({
      productId: `product-${index}`,
      sellerId: `seller-${index + 1}`,
      name: 'Thing',
      quantity: 1,
      unitPrice: price,
      fulfilment,
    })),
    total: amount,
    reservation: {
      state: holding === 'pinned' ? 'reserved' : holding,
      expiresAt: holding === 'reserved' ? expiresAt : null,
    },
    payment: { mode: 'AUTO', method: 'card', token: null, state: payment },
    cancellation,
    version: 3,
    createdAt,
    updatedAt: createdAt,
  };
};

const inputs = {
  reserved: { type: 'inventory.reserved', data: { ...data, items, expiresAt }, at },
  pinned: { type: 'inventory.reserved', data: { ...data, items, expiresAt: null }, at },
  reservationFailed: { type: 'inventory.reservation_failed', data: { ...data, shortages: [] }, at },
  expired: { type: 'inventory.released', data: { ...data, items, reason: 'ttl_expired' }, at },
  releasedUnpaid: { type: 'inventory.released', data: { ...data, items, reason: 'payment_failed' }, at },
  releasedCancelled: { type: 'inventory.released', data: { ...data, items, reason: 'order_cancelled' }, at },
  releasedSomehow: { type: 'inventory.released', data: { ...data, items, reason: 'unspecified' }, at },
  committed: { type: 'inventory.committed', data: { ...data, items }, at },
  paid: { type: 'payment.succeeded', data: { ...data, amount, chargeId: 'ch_1' }, at },
  paymentFailed: { type: 'payment.failed', data: { ...data, amount, code: 'card_declined' }, at },
  refunded: {
    type: 'payment.refunded',
    data: { ...data, amount, chargeId: 'ch_1', refundId: 're_1', reason: 'order_cancelled' },
    at,
  },
  cancel: { type: 'cancel', customerId: 'customer-1', at },
  cancelByStranger: { type: 'cancel', customerId: 'customer-2', at },
  confirm: { type: 'confirm', sellerId: 'seller-1', at },
  fulfill: { type: 'fulfill', sellerId: 'seller-1', at },
  fulfillByStranger: { type: 'fulfill', sellerId: 'seller-9', at },
  deadline: { type: 'deadline', deadlineMs: 5 * 60_000, at },
  deadlineEarly: { type: 'deadline', deadlineMs: 5 * 60_000 + 1, at },
} satisfies Record<string, OrderInput>;
type InputName = keyof typeof inputs;

/** The outcome in one line: the status and the emitted events, or the reason why nothing changed. */
const outcome = (input: InputName, facts: Partial<Facts>): string => {
  const decision = decide(inputs[input], order(facts));
  switch (decision.kind) {
    case 'accepted':
      return [statusOf(decision.state), ...decision.events.map((event) => event.type)].join(' ');
    case 'ignored':
      return `ignored ${decision.reason}`;
    case 'rejected':
      return `rejected ${decision.code}`;
  }
};

const holdings = ['pending', 'reserved', 'pinned', 'failed', 'released', 'expired', 'committed'] as const;
const paymentStates = ['none', 'pending', 'succeeded', 'failed', 'refunded'] as const;

describe('an event of inventory', () => {
  const same = (state: string) => `ignored reservation_already_${state}`;
  const ended = { failed: same('failed'), released: same('released'), expired: same('expired') };
  const table: Partial<Record<InputName, Record<Holding, string>>> = {
    reserved: {
      ...ended,
      pending: 'CONFIRMED',
      reserved: 'ignored already_reserved',
      pinned: 'ignored already_reserved',
      committed: same('committed'),
    },
    pinned: {
      ...ended,
      pending: 'CONFIRMED',
      reserved: 'CONFIRMED',
      pinned: 'ignored already_reserved',
      committed: same('committed'),
    },
    reservationFailed: {
      ...ended,
      pending: 'CANCELLED order.cancelled',
      reserved: same('reserved'),
      pinned: same('reserved'),
      committed: same('committed'),
    },
    expired: {
      ...ended,
      pending: 'CANCELLED order.cancelled',
      reserved: 'CANCELLED order.cancelled',
      pinned: 'CANCELLED order.cancelled',
      committed: same('committed'),
    },
    releasedUnpaid: {
      ...ended,
      pending: 'CANCELLED order.cancelled',
      reserved: 'CANCELLED order.cancelled',
      pinned: 'CANCELLED order.cancelled',
      committed: same('committed'),
    },
    releasedCancelled: {
      ...ended,
      pending: 'rejected released_without_cause',
      reserved: 'rejected released_without_cause',
      pinned: 'rejected released_without_cause',
      committed: same('committed'),
    },
    releasedSomehow: {
      ...ended,
      pending: 'rejected released_without_cause',
      reserved: 'rejected released_without_cause',
      pinned: 'rejected released_without_cause',
      committed: same('committed'),
    },
    committed: {
      pending: 'rejected committed_unshipped',
      reserved: 'rejected committed_unshipped',
      pinned: 'rejected committed_unshipped',
      failed: 'rejected committed_unshipped',
      released: 'rejected committed_unshipped',
      expired: 'rejected committed_unshipped',
      committed: same('committed'),
    },
  };
  for (const input of Object.keys(inputs).filter((name): name is InputName => name in table)) {
    it.each(holdings)(`(${input}) in the reservation state %s has the outcome of the table`, (holding) => {
      expect(outcome(input, { holding })).toBe(table[input]?.[holding]);
    });
  }

  it('records the stock of a cancelled order without cancelling the order again', () => {
    const cancellation = 'customer_cancelled';
    expect(outcome('reserved', { cancellation })).toBe('CANCELLED');
    expect(outcome('reservationFailed', { cancellation })).toBe('CANCELLED');
    for (const holding of ['pending', 'reserved', 'pinned'] as const) {
      for (const released of ['expired', 'releasedUnpaid', 'releasedCancelled', 'releasedSomehow'] as const) {
        expect(outcome(released, { cancellation, holding })).toBe('CANCELLED');
      }
    }
  });
});

describe('an event of payment', () => {
  const table: Partial<Record<InputName, Record<PaymentState, string>>> = {
    paid: {
      none: 'CONFIRMED',
      pending: 'CONFIRMED',
      succeeded: 'ignored payment_already_succeeded',
      failed: 'ignored payment_already_failed',
      refunded: 'ignored payment_already_refunded',
    },
    paymentFailed: {
      none: 'CANCELLED order.cancelled',
      pending: 'CANCELLED order.cancelled',
      succeeded: 'ignored payment_already_succeeded',
      failed: 'ignored payment_already_failed',
      refunded: 'ignored payment_already_refunded',
    },
    refunded: {
      none: 'CONFIRMED',
      pending: 'CONFIRMED',
      succeeded: 'CONFIRMED',
      failed: 'ignored payment_already_failed',
      refunded: 'ignored payment_already_refunded',
    },
  };
  for (const input of Object.keys(inputs).filter((name): name is InputName => name in table)) {
    it.each(paymentStates)(`(${input}) in the payment state %s has the outcome of the table`, (payment) => {
      expect(outcome(input, { payment, holding: 'reserved' })).toBe(table[input]?.[payment]);
    });
  }

  it('records the refund of a cancelled order, which stays cancelled', () => {
    const facts = { cancellation: 'customer_cancelled', payment: 'succeeded' } as const;
    const decision = decide(inputs.refunded, order(facts));
    expect(decision).toMatchObject({
      kind: 'accepted',
      state: { payment: { state: 'refunded' }, cancellation: 'customer_cancelled' },
      events: [],
    });
  });
});

describe('an order', () => {
  const apply = (names: readonly InputName[]): OrderStatus[] => {
    let state = order({});
    return names.map((name) => {
      const decision = decide(inputs[name], state);
      if (decision.kind === 'accepted') state = decision.state;
      return statusOf(state);
    });
  };
  it('is PAID after payment, reservation and pin', () => {
    expect(apply(['paid', 'reserved', 'pinned'])).toEqual(['PENDING', 'CONFIRMED', 'PAID']);
  });
  it('is PAID after reservation, payment and pin', () => {
    expect(apply(['reserved', 'paid', 'pinned'])).toEqual(['CONFIRMED', 'CONFIRMED', 'PAID']);
  });
  it('is PAID after pin and payment, if the first reservation event became a dead letter', () => {
    expect(apply(['pinned', 'paid'])).toEqual(['CONFIRMED', 'PAID']);
  });
  it('is not PAID without the pin: its stock can be released before inventory handles the payment', () => {
    expect(apply(['reserved', 'paid', 'expired'])).toEqual(['CONFIRMED', 'CONFIRMED', 'CANCELLED']);
  });
});

describe('by the rules of an order,', () => {
  const open: Partial<Facts> = { holding: 'pinned', payment: 'succeeded' };
  const shippedByOne: Partial<Facts> = { ...open, lines: ['shipped', 'open'] };
  const fulfilled: Partial<Facts> = { ...open, lines: ['shipped', 'shipped'] };

  it.each([
    ['PENDING', {}],
    ['CONFIRMED', { holding: 'reserved' }],
    ['PAID', open],
  ] as const)('a customer can cancel while the order is %s', (_status, facts) => {
    expect(outcome('cancel', facts)).toBe('CANCELLED order.cancelled');
  });
  it('a customer cannot cancel an order once a line is shipped', () => {
    expect(outcome('cancel', shippedByOne)).toBe('rejected already_shipped');
    expect(outcome('cancel', fulfilled)).toBe('rejected already_shipped');
  });
  it('cancelling twice changes nothing', () => {
    expect(outcome('cancel', { cancellation: 'customer_cancelled' })).toBe('ignored already_cancelled');
  });
  it('a command on an order of somebody else is rejected like a command on a missing order', () => {
    expect(outcome('cancelByStranger', open)).toBe('rejected not_found');
    expect(outcome('fulfillByStranger', open)).toBe('rejected not_found');
  });

  it.each(['confirm', 'fulfill'] as const)('a seller can %s only a PAID order', (action) => {
    expect(outcome(action, {})).toBe('rejected illegal_transition');
    expect(outcome(action, { holding: 'reserved', payment: 'succeeded' })).toBe(
      'rejected illegal_transition',
    );
    expect(outcome(action, { ...open, cancellation: 'customer_cancelled' })).toBe(
      'rejected illegal_transition',
    );
    expect(outcome(action, open)).toBe('PAID');
  });
  it('a seller ships only their own lines, and the last line fulfils the order', () => {
    const decision = decide(inputs.fulfill, order(open));
    expect(decision).toMatchObject({
      kind: 'accepted',
      state: { items: [{ fulfilment: 'shipped' }, { fulfilment: 'open' }] },
      events: [],
    });
    expect(outcome('fulfill', { ...open, lines: ['confirmed', 'shipped'] })).toBe(
      'FULFILLED order.fulfilled',
    );
  });
  it('confirming or shipping again changes nothing', () => {
    expect(outcome('confirm', { ...open, lines: ['confirmed', 'open'] })).toBe('ignored already_confirmed');
    expect(outcome('confirm', shippedByOne)).toBe('ignored already_confirmed');
    expect(outcome('fulfill', shippedByOne)).toBe('ignored already_shipped');
    expect(outcome('fulfill', fulfilled)).toBe('ignored already_shipped');
  });
  it('the stock of a fulfilled order is committed', () => {
    expect(outcome('committed', fulfilled)).toBe('FULFILLED');
  });
  it.each(['expired', 'releasedUnpaid', 'reservationFailed', 'paymentFailed'] as const)(
    'no event cancels an order once a line is shipped: %s',
    (input) => {
      const facts = { holding: input === 'reservationFailed' ? 'pending' : 'reserved' } as const;
      for (const other of ['open', 'shipped'] as const) {
        expect(outcome(input, { ...facts, lines: ['shipped', other] })).toBe('rejected already_shipped');
      }
    },
  );
  it('a refund of a PAID order is rejected', () => {
    expect(outcome('refunded', open)).toBe('rejected refunded_without_cause');
  });
});

describe('the deadline of the saga', () => {
  const waiting: readonly Partial<Facts>[] = [
    {},
    { payment: 'none' },
    { payment: 'succeeded' },
    { payment: 'refunded' },
    { holding: 'reserved' },
    { holding: 'reserved', payment: 'succeeded' },
    { holding: 'pinned' },
  ];
  it.each(waiting)('cancels an order that still waits for an event: %o', (facts) => {
    expect(outcome('deadline', facts)).toBe('CANCELLED order.cancelled');
    expect(decide(inputs.deadline, order(facts))).toMatchObject({
      state: { cancellation: 'reservation_expired' },
      events: [{ data: { reason: 'reservation_expired' } }],
    });
  });
  it.each(waiting)('does not cancel an order a millisecond too early: %o', (facts) => {
    expect(outcome('deadlineEarly', facts)).toBe('ignored not_due');
  });
  it('ignores an order that waits for its sellers or has ended', () => {
    const paid: Partial<Facts> = { holding: 'pinned', payment: 'succeeded' };
    expect(outcome('deadline', paid)).toBe('ignored already_paid');
    expect(outcome('deadline', { ...paid, lines: ['shipped', 'open'] })).toBe('ignored already_paid');
    expect(outcome('deadline', { ...paid, lines: ['shipped', 'shipped'] })).toBe('ignored already_fulfilled');
    expect(outcome('deadline', { cancellation: 'payment_failed' })).toBe('ignored already_cancelled');
  });
});

describe('races, in both sequences', () => {
  const paid: Partial<Facts> = { holding: 'pinned', payment: 'succeeded' };
  const run = (facts: Partial<Facts>, names: readonly InputName[]): string[] => {
    let state = order(facts);
    return names.map((name) => {
      const decision = decide(inputs[name], state);
      switch (decision.kind) {
        case 'accepted':
          state = decision.state;
          return [statusOf(state), ...decision.events.map((event) => event.type)].join(' ');
        case 'ignored':
          return `ignored ${decision.reason}`;
        case 'rejected':
          return `rejected ${decision.code}`;
      }
    });
  };
  const cancelled = 'CANCELLED order.cancelled';
  const races: readonly (readonly [string, Partial<Facts>, InputName[], string[]])[] = [
    [
      'cancel, then payment',
      { holding: 'reserved' },
      ['cancel', 'paid', 'refunded'],
      [cancelled, 'CANCELLED', 'CANCELLED'],
    ],
    [
      'payment, then cancel',
      { holding: 'reserved' },
      ['paid', 'cancel', 'refunded'],
      ['CONFIRMED', cancelled, 'CANCELLED'],
    ],
    [
      'cancel, then reservation',
      {},
      ['cancel', 'reserved', 'releasedCancelled'],
      [cancelled, 'CANCELLED', 'CANCELLED'],
    ],
    [
      'reservation, then cancel',
      {},
      ['reserved', 'cancel', 'releasedCancelled'],
      ['CONFIRMED', cancelled, 'CANCELLED'],
    ],
    ['cancel, then no stock', {}, ['cancel', 'reservationFailed'], [cancelled, 'CANCELLED']],
    ['no stock, then cancel', {}, ['reservationFailed', 'cancel'], [cancelled, 'ignored already_cancelled']],
    [
      'cancel, then one seller ships',
      paid,
      ['cancel', 'fulfill'],
      [cancelled, 'rejected illegal_transition'],
    ],
    ['one seller ships, then cancel', paid, ['fulfill', 'cancel'], ['PAID', 'rejected already_shipped']],
    [
      'pin, then cancel',
      { holding: 'reserved', payment: 'succeeded' },
      ['pinned', 'cancel'],
      ['PAID', cancelled],
    ],
    [
      'cancel, then pin',
      { holding: 'reserved', payment: 'succeeded' },
      ['cancel', 'pinned'],
      [cancelled, 'CANCELLED'],
    ],
    [
      'failed payment, then expiry',
      { holding: 'reserved' },
      ['paymentFailed', 'expired'],
      [cancelled, 'CANCELLED'],
    ],
    [
      'expiry, then failed payment',
      { holding: 'reserved' },
      ['expired', 'paymentFailed'],
      [cancelled, 'CANCELLED'],
    ],
    [
      'expiry, then payment',
      { holding: 'reserved' },
      ['expired', 'paid', 'refunded'],
      [cancelled, 'CANCELLED', 'CANCELLED'],
    ],
    [
      'payment, then expiry',
      { holding: 'reserved' },
      ['paid', 'expired', 'refunded'],
      ['CONFIRMED', cancelled, 'CANCELLED'],
    ],
    [
      'refund, then cancel',
      { holding: 'reserved', payment: 'succeeded' },
      ['refunded', 'cancel'],
      ['CONFIRMED', cancelled],
    ],
    [
      'cancel, then refund',
      { holding: 'reserved', payment: 'succeeded' },
      ['cancel', 'refunded'],
      [cancelled, 'CANCELLED'],
    ],
    [
      'refund, then the payment that it refunds',
      { holding: 'reserved' },
      ['refunded', 'paid', 'expired'],
      ['CONFIRMED', 'ignored payment_already_refunded', cancelled],
    ],
    [
      'deadline, then payment and pin',
      { holding: 'reserved' },
      ['deadline', 'paid', 'pinned', 'refunded'],
      [cancelled, 'CANCELLED', 'CANCELLED', 'CANCELLED'],
    ],
    [
      'payment and pin, then deadline',
      { holding: 'reserved' },
      ['paid', 'pinned', 'deadline'],
      ['CONFIRMED', 'PAID', 'ignored already_paid'],
    ],
    ['deadline, then expiry', { holding: 'reserved' }, ['deadline', 'expired'], [cancelled, 'CANCELLED']],
    [
      'expiry, then deadline',
      { holding: 'reserved' },
      ['expired', 'deadline'],
      [cancelled, 'ignored already_cancelled'],
    ],
    ['deadline, then cancel', {}, ['deadline', 'cancel'], [cancelled, 'ignored already_cancelled']],
    ['cancel, then deadline', {}, ['cancel', 'deadline'], [cancelled, 'ignored already_cancelled']],
  ];
  it.each(races)('%s', (_race, facts, names, expected) => {
    expect(run(facts, names)).toEqual(expected);
  });
});

describe('the invariants of every input and every combination of facts', () => {
  const cells: (Facts & { readonly input: InputName })[] = [];
  for (const input of Object.keys(inputs).filter((name): name is InputName => name in inputs)) {
    for (const holding of holdings) {
      for (const payment of paymentStates) {
        for (const cancellation of [null, 'customer_cancelled'] as const) {
          for (const lines of [
            ['open', 'open'],
            ['confirmed', 'open'],
            ['shipped', 'open'],
            ['shipped', 'shipped'],
          ] as const) {
            cells.push({ input, holding, payment, cancellation, lines });
          }
        }
      }
    }
  }
  const legal: Record<OrderStatus, readonly OrderStatus[]> = {
    PENDING: ['PENDING', 'CONFIRMED', 'PAID', 'CANCELLED'],
    CONFIRMED: ['CONFIRMED', 'PAID', 'CANCELLED'],
    PAID: ['PAID', 'FULFILLED', 'CANCELLED'],
    FULFILLED: ['FULFILLED'],
    CANCELLED: ['CANCELLED'],
  };

  it(`hold in all ${cells.length} combinations`, () => {
    for (const { input, ...facts } of cells) {
      const before = order(facts);
      const decision = decide(inputs[input], before);
      const cell = JSON.stringify({ input, ...facts });
      if (decision.kind !== 'accepted') continue;
      const { state, events } = decision;
      expect(state.version, cell).toBe(before.version + 1);
      expect(state.updatedAt, cell).toEqual(at);
      expect(legal[statusOf(before)], cell).toContain(statusOf(state));
      if (before.cancellation !== null) {
        expect(state.cancellation, cell).toBe(before.cancellation);
        expect(events, cell).toEqual([]);
      }
      const cancelledNow = state.cancellation !== null && before.cancellation === null;
      expect(events.filter((event) => event.type === 'order.cancelled').length, cell).toBe(
        cancelledNow ? 1 : 0,
      );
      if (statusOf(state) === 'PAID') {
        expect(isPinned(state) && state.payment.state === 'succeeded', cell).toBe(true);
      }
    }
  });
});
