// Every input meets every state a payment can be in. The states are reached by inputs, so the table cannot name one that
// does not exist; the sweep at the end checks what must hold after any sequence of inputs.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, type PaymentInput } from './decide.ts';
import { paymentStatus, unknownPayment, type PaymentView } from './payment.ts';

const at = new Date('2026-01-01T10:00:00Z');
const orderId = 'order-1';
const amount = { amountMinor: 4_200, currency: 'EUR' };
const items = [{ productId: 'a', quantity: 1 }];

const created = (mode: 'AUTO' | 'MANUAL'): PaymentInput => ({
  type: 'order.created',
  data: {
    orderId,
    customerId: 'customer-1',
    items: [],
    total: amount,
    payment: { mode, method: 'card', token: 'tok_1' },
  },
  at,
});
const inputs = {
  created: created('AUTO'),
  createdManual: created('MANUAL'),
  held: { type: 'inventory.reserved', data: { orderId, items, expiresAt: at }, at },
  pinned: { type: 'inventory.reserved', data: { orderId, items, expiresAt: null }, at },
  short: { type: 'inventory.reservation_failed', data: { orderId, shortages: [] }, at },
  expired: { type: 'inventory.released', data: { orderId, items, reason: 'ttl_expired' }, at },
  released: { type: 'inventory.released', data: { orderId, items, reason: 'order_cancelled' }, at },
  cancelled: {
    type: 'order.cancelled',
    data: { orderId, customerId: 'customer-1', reason: 'customer_cancelled' },
    at,
  },
  pay: { type: 'pay', data: { orderId, customerId: 'customer-1', token: 'tok_2' }, at },
  payByStranger: { type: 'pay', data: { orderId, customerId: 'customer-2', token: 'tok_2' }, at },
  charged: {
    type: 'gateway_answered',
    data: { orderId, answer: { kind: 'charge', outcome: 'succeeded', gatewayId: 'ch_1' } },
    at,
  },
  declined: {
    type: 'gateway_answered',
    data: { orderId, answer: { kind: 'charge', outcome: 'declined', code: 'card_declined' } },
    at,
  },
  abandoned: {
    type: 'gateway_answered',
    data: { orderId, answer: { kind: 'charge', outcome: 'abandoned' } },
    at,
  },
  refunded: {
    type: 'gateway_answered',
    data: { orderId, answer: { kind: 'refund', outcome: 'succeeded', gatewayId: 're_1' } },
    at,
  },
} satisfies Record<string, PaymentInput>;
type InputName = keyof typeof inputs;
const names = Object.keys(inputs).filter((name): name is InputName => name in inputs);

const start: PaymentView = { payment: unknownPayment(orderId, at), request: null };
const after = (...path: InputName[]): PaymentView =>
  path.reduce((view, name) => {
    const decision = decide(inputs[name], { ...view, request: null });
    return decision.kind === 'accepted' ? decision.state : view;
  }, start);

const outcome = (input: InputName, view: PaymentView): string => {
  const decision = decide(inputs[input], { ...view, request: null });
  switch (decision.kind) {
    case 'accepted': {
      const { payment, request } = decision.state;
      return [
        paymentStatus(payment, false),
        ...decision.events.map((event) => event.type),
        ...(request ? [`asks ${request.kind}`] : []),
      ].join(' ');
    }
    case 'ignored':
      return `ignored ${decision.reason}`;
    case 'rejected':
      return `rejected ${decision.code}`;
  }
};

const states = {
  new: after(),
  termsOnly: after('created'),
  manualTerms: after('createdManual'),
  holdOnly: after('held'),
  manualHeld: after('createdManual', 'held'),
  charging: after('created', 'held'),
  chargingOff: after('created', 'held', 'cancelled'),
  succeeded: after('created', 'held', 'charged'),
  failed: after('created', 'held', 'declined'),
  off: after('created', 'cancelled'),
  abandoned: after('created', 'held', 'cancelled', 'abandoned'),
  refunding: after('created', 'held', 'charged', 'cancelled'),
  refunded: after('created', 'held', 'charged', 'cancelled', 'refunded'),
};
type StateName = keyof typeof states;
const stateNames = Object.keys(states).filter((name): name is StateName => name in states);

const off = 'ignored already_called_off';
const known = 'ignored terms_already_known';
const all = (text: string): Record<StateName, string> => ({
  new: text,
  termsOnly: text,
  manualTerms: text,
  holdOnly: text,
  manualHeld: text,
  charging: text,
  chargingOff: text,
  succeeded: text,
  failed: text,
  off: text,
  abandoned: text,
  refunding: text,
  refunded: text,
});
const calledOff: Record<StateName, string> = {
  ...all(off),
  new: 'FAILED',
  termsOnly: 'FAILED',
  manualTerms: 'FAILED',
  holdOnly: 'FAILED',
  manualHeld: 'FAILED',
  charging: 'PENDING',
  succeeded: 'SUCCEEDED asks refund',
  failed: 'FAILED',
};
const notStarted = { ...all(''), new: 'rejected no_terms', holdOnly: 'rejected no_terms' };
const answered = (now: Partial<Record<StateName, string>>): Record<StateName, string> => ({
  ...notStarted,
  termsOnly: 'ignored charge_already_none',
  manualTerms: 'ignored charge_already_none',
  manualHeld: 'ignored charge_already_none',
  off: 'ignored charge_already_none',
  succeeded: 'ignored charge_already_succeeded',
  refunding: 'ignored charge_already_succeeded',
  refunded: 'ignored charge_already_succeeded',
  failed: 'ignored charge_already_failed',
  abandoned: 'ignored charge_already_failed',
  ...now,
});

const table: Record<InputName, Record<StateName, string>> = {
  created: { ...all(known), new: 'PENDING', holdOnly: 'PENDING asks charge' },
  createdManual: { ...all(known), new: 'PENDING', holdOnly: 'PENDING' },
  held: {
    ...all('ignored already_held'),
    new: 'PENDING',
    termsOnly: 'PENDING asks charge',
    manualTerms: 'PENDING',
    off: 'FAILED',
  },
  pinned: {
    ...all(''),
    new: 'PENDING',
    termsOnly: 'PENDING',
    manualTerms: 'PENDING',
    holdOnly: 'PENDING',
    manualHeld: 'PENDING',
    charging: 'PENDING',
    chargingOff: 'PENDING',
    succeeded: 'SUCCEEDED',
    failed: 'FAILED',
    off: 'FAILED',
    abandoned: 'FAILED',
    refunding: 'SUCCEEDED',
    refunded: 'REFUNDED',
  },
  short: calledOff,
  expired: calledOff,
  released: calledOff,
  cancelled: calledOff,
  pay: {
    ...all('rejected not_manual'),
    new: 'rejected not_found',
    holdOnly: 'rejected not_found',
    manualTerms: 'rejected not_payable',
    manualHeld: 'PENDING asks charge',
  },
  payByStranger: all('rejected not_found'),
  charged: answered({
    charging: 'SUCCEEDED payment.succeeded',
    chargingOff: 'SUCCEEDED payment.succeeded asks refund',
    abandoned: 'SUCCEEDED payment.succeeded asks refund',
  }),
  declined: answered({ charging: 'FAILED payment.failed', chargingOff: 'FAILED payment.failed' }),
  abandoned: answered({
    charging: 'rejected sale_is_on',
    chargingOff: 'FAILED',
    abandoned: 'ignored charge_already_failed',
  }),
  refunded: {
    ...all('rejected no_charge'),
    new: 'rejected no_terms',
    holdOnly: 'rejected no_terms',
    refunding: 'REFUNDED payment.refunded',
    refunded: 'ignored already_refunded',
  },
};

describe('every input in every state', () => {
  for (const name of names) {
    it.each(stateNames)(`${name}: %s`, (state) => {
      expect(outcome(name, states[state])).toBe(table[name][state]);
    });
  }
});

describe('terms and hold arrive in either order', () => {
  it.each([[['created', 'held']], [['held', 'created']]] as const)(
    '%s charges once, under one key, for the whole amount',
    (path) => {
      const { request } = after(...path);
      expect(request).toEqual({
        kind: 'charge',
        idempotencyKey: 'charge-order-1',
        amount,
        token: 'tok_1',
        chargeId: null,
      });
    },
  );
  it('MANUAL charges with the token the customer pays with', () => {
    expect(after('createdManual', 'held', 'pay').request).toMatchObject({ token: 'tok_2' });
  });
  it('paying again while the charge is under way asks for nothing', () => {
    expect(outcome('pay', after('createdManual', 'held', 'pay'))).toBe('ignored charge_already_started');
  });
});

describe('a sale that is off', () => {
  it.each(['cancelled', 'expired', 'released', 'short'] as const)('is never charged: %s', (cause) => {
    expect(after('created', cause, 'held').request).toBeNull();
    expect(after(cause, 'created', 'held').request).toBeNull();
    expect(after('held', cause, 'created').request).toBeNull();
    expect(outcome('pay', after('createdManual', 'held', cause))).toBe('rejected not_payable');
  });
  it('refunds in full, whichever comes first: the charge or the cancellation', () => {
    for (const path of [
      ['created', 'held', 'charged', 'cancelled'],
      ['created', 'held', 'cancelled', 'charged'],
    ] as const) {
      expect(after(...path).request).toEqual({
        kind: 'refund',
        idempotencyKey: 'refund-order-1',
        amount,
        token: null,
        chargeId: 'ch_1',
      });
    }
  });
  it('says why the money went back', () => {
    const view = after('created', 'held', 'charged', 'expired');
    const decision = decide(inputs.refunded, { ...view, request: null });
    expect(decision).toMatchObject({
      events: [{ data: { reason: 'reservation_expired', refundId: 're_1' } }],
    });
  });
});

describe('racing pairs, in both orders', () => {
  const run = (names: readonly InputName[], from: PaymentView = start): string[] => {
    let view = from;
    return names.map((name) => {
      const result = outcome(name, view);
      const decision = decide(inputs[name], { ...view, request: null });
      if (decision.kind === 'accepted') view = decision.state;
      return result;
    });
  };
  const paid = 'SUCCEEDED payment.succeeded';
  const back = 'SUCCEEDED asks refund';
  const races: readonly (readonly [string, StateName, InputName[], string[]])[] = [
    ['charge, then cancellation', 'charging', ['charged', 'cancelled'], [paid, back]],
    ['cancellation, then charge', 'charging', ['cancelled', 'charged'], ['PENDING', `${paid} asks refund`]],
    ['charge, then expiry', 'charging', ['charged', 'expired'], [paid, back]],
    ['expiry, then charge', 'charging', ['expired', 'charged'], ['PENDING', `${paid} asks refund`]],
    ['decline, then expiry', 'charging', ['declined', 'expired'], ['FAILED payment.failed', 'FAILED']],
    ['expiry, then decline', 'charging', ['expired', 'declined'], ['PENDING', 'FAILED payment.failed']],
    [
      'hold, then cancellation',
      'manualTerms',
      ['held', 'cancelled', 'pay'],
      ['PENDING', 'FAILED', 'rejected not_payable'],
    ],
    ['cancellation, then hold', 'termsOnly', ['cancelled', 'held'], ['FAILED', 'FAILED']],
    ['pin, then cancellation', 'succeeded', ['pinned', 'cancelled'], ['SUCCEEDED', back]],
    ['cancellation, then pin', 'succeeded', ['cancelled', 'pinned'], [back, 'SUCCEEDED']],
    ['expiry, then cancellation', 'succeeded', ['expired', 'cancelled'], [back, off]],
    ['cancellation, then expiry', 'succeeded', ['cancelled', 'expired'], [back, off]],
    [
      'refund, then the other cause',
      'refunding',
      ['refunded', 'expired'],
      ['REFUNDED payment.refunded', off],
    ],
    [
      'paying, then expiry',
      'manualHeld',
      ['pay', 'expired', 'abandoned'],
      ['PENDING asks charge', 'PENDING', 'FAILED'],
    ],
    ['expiry, then paying', 'manualHeld', ['expired', 'pay'], ['FAILED', 'rejected not_payable']],
    [
      'given up, then charged all the same',
      'chargingOff',
      ['abandoned', 'charged', 'refunded'],
      ['FAILED', `${paid} asks refund`, 'REFUNDED payment.refunded'],
    ],
    [
      'charged, then given up',
      'chargingOff',
      ['charged', 'abandoned'],
      [`${paid} asks refund`, 'ignored charge_already_succeeded'],
    ],
  ];
  it.each(races)('%s', (_race, from, names, expected) => {
    expect(run(names, states[from])).toEqual(expected);
  });
});

describe('after any sequence of inputs', () => {
  it('at most one charge and one refund were asked for, and a refund only of a charge that succeeded', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...names), { maxLength: 25 }), (path) => {
        let view = start;
        const asked: string[] = [];
        const emitted: string[] = [];
        for (const name of path) {
          const before = view.payment;
          const decision = decide(inputs[name], { ...view, request: null });
          if (decision.kind !== 'accepted') continue;
          view = decision.state;
          if (view.request) asked.push(view.request.kind);
          emitted.push(...decision.events.map((event) => event.type));
          expect(view.payment.version).toBe(before.version + 1);
        }
        const { charge, refund, closedBy } = view.payment;
        expect(asked.filter((kind) => kind === 'charge').length).toBeLessThanOrEqual(1);
        expect(asked.filter((kind) => kind === 'refund').length).toBeLessThanOrEqual(1);
        expect(new Set(emitted).size).toBe(emitted.length);
        if (refund !== 'none') expect([charge, closedBy !== null]).toEqual(['succeeded', true]);
        if (closedBy !== null && charge === 'succeeded') expect(refund).not.toBe('none');
      }),
      { numRuns: 5_000 },
    );
  });
});
