// The tests apply every input in every state of a payment. Inputs create the states, so every tested state can occur. The last test
// checks the invariants after random sequences of inputs.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, type PaymentInput } from './decide.ts';
import { paymentStatus, newPayment, type PaymentView } from './payment.ts';

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

const start: PaymentView = { payment: newPayment(orderId, at), request: null };
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
        ...(request ? [`requests ${request.kind}`] : []),
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
  chargingClosed: after('created', 'held', 'cancelled'),
  succeeded: after('created', 'held', 'charged'),
  failed: after('created', 'held', 'declined'),
  closed: after('created', 'cancelled'),
  abandoned: after('created', 'held', 'cancelled', 'abandoned'),
  refunding: after('created', 'held', 'charged', 'cancelled'),
  refunded: after('created', 'held', 'charged', 'cancelled', 'refunded'),
};
type StateName = keyof typeof states;
const stateNames = Object.keys(states).filter((name): name is StateName => name in states);

const alreadyClosed = 'ignored already_closed';
const known = 'ignored terms_already_known';
const all = (text: string): Record<StateName, string> => ({
  new: text,
  termsOnly: text,
  manualTerms: text,
  holdOnly: text,
  manualHeld: text,
  charging: text,
  chargingClosed: text,
  succeeded: text,
  failed: text,
  closed: text,
  abandoned: text,
  refunding: text,
  refunded: text,
});
const closing: Record<StateName, string> = {
  ...all(alreadyClosed),
  new: 'FAILED',
  termsOnly: 'FAILED',
  manualTerms: 'FAILED',
  holdOnly: 'FAILED',
  manualHeld: 'FAILED',
  charging: 'PENDING',
  succeeded: 'SUCCEEDED requests refund',
  failed: 'FAILED',
};
const notStarted = { ...all(''), new: 'rejected no_terms', holdOnly: 'rejected no_terms' };
const answered = (now: Partial<Record<StateName, string>>): Record<StateName, string> => ({
  ...notStarted,
  termsOnly: 'ignored charge_already_none',
  manualTerms: 'ignored charge_already_none',
  manualHeld: 'ignored charge_already_none',
  closed: 'ignored charge_already_none',
  succeeded: 'ignored charge_already_succeeded',
  refunding: 'ignored charge_already_succeeded',
  refunded: 'ignored charge_already_succeeded',
  failed: 'ignored charge_already_failed',
  abandoned: 'ignored charge_already_failed',
  ...now,
});

const table: Record<InputName, Record<StateName, string>> = {
  created: { ...all(known), new: 'PENDING', holdOnly: 'PENDING requests charge' },
  createdManual: { ...all(known), new: 'PENDING', holdOnly: 'PENDING' },
  held: {
    ...all('ignored already_held'),
    new: 'PENDING',
    termsOnly: 'PENDING requests charge',
    manualTerms: 'PENDING',
    closed: 'FAILED',
  },
  pinned: {
    new: 'PENDING',
    termsOnly: 'PENDING',
    manualTerms: 'PENDING',
    holdOnly: 'PENDING',
    manualHeld: 'PENDING',
    charging: 'PENDING',
    chargingClosed: 'PENDING',
    succeeded: 'SUCCEEDED',
    failed: 'FAILED',
    closed: 'FAILED',
    abandoned: 'FAILED',
    refunding: 'SUCCEEDED',
    refunded: 'REFUNDED',
  },
  short: closing,
  expired: closing,
  released: closing,
  cancelled: closing,
  pay: {
    ...all('rejected not_manual'),
    new: 'rejected not_found',
    holdOnly: 'rejected not_found',
    manualTerms: 'rejected not_payable',
    manualHeld: 'PENDING requests charge',
  },
  payByStranger: all('rejected not_found'),
  charged: answered({
    charging: 'SUCCEEDED payment.succeeded',
    chargingClosed: 'SUCCEEDED payment.succeeded requests refund',
    abandoned: 'SUCCEEDED payment.succeeded requests refund',
  }),
  declined: answered({ charging: 'FAILED payment.failed', chargingClosed: 'FAILED payment.failed' }),
  abandoned: answered({
    charging: 'rejected payment_open',
    chargingClosed: 'FAILED',
  }),
  refunded: {
    ...all('rejected no_charge'),
    new: 'rejected no_terms',
    holdOnly: 'rejected no_terms',
    refunding: 'REFUNDED payment.refunded',
    refunded: 'ignored already_refunded',
  },
};

describe('the input', () => {
  for (const name of names) {
    it.each(stateNames)(`${name} in the state %s has the outcome of the table`, (state) => {
      expect(outcome(name, states[state])).toBe(table[name][state]);
    });
  }
});

describe('a charge', () => {
  it.each([[['created', 'held']], [['held', 'created']]] as const)(
    'is requested for the total after %s',
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
  it('in mode MANUAL has the token that the customer gives', () => {
    expect(after('createdManual', 'held', 'pay').request).toMatchObject({ token: 'tok_2' });
  });
  it('is not requested again by a second `pay` while it is in progress', () => {
    expect(outcome('pay', after('createdManual', 'held', 'pay'))).toBe('ignored charge_already_started');
  });
});

describe('a closed payment', () => {
  it.each(['cancelled', 'expired', 'released', 'short'] as const)(
    'requests no charge: closed by %s',
    (cause) => {
      expect(after('created', cause, 'held').request).toBeNull();
      expect(after(cause, 'created', 'held').request).toBeNull();
      expect(after('held', cause, 'created').request).toBeNull();
      expect(outcome('pay', after('createdManual', 'held', cause))).toBe('rejected not_payable');
    },
  );
  it('is refunded in full, whether the charge or the cancellation comes first', () => {
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
  it('emits payment.refunded with the reason why it was closed', () => {
    const view = after('created', 'held', 'charged', 'expired');
    const decision = decide(inputs.refunded, { ...view, request: null });
    expect(decision).toMatchObject({
      events: [{ data: { reason: 'reservation_expired', refundId: 're_1' } }],
    });
  });
});

describe('races, in both sequences', () => {
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
  const refunding = 'SUCCEEDED requests refund';
  const races: readonly (readonly [string, StateName, InputName[], string[]])[] = [
    ['charge, then cancellation', 'charging', ['charged', 'cancelled'], [paid, refunding]],
    [
      'cancellation, then charge',
      'charging',
      ['cancelled', 'charged'],
      ['PENDING', `${paid} requests refund`],
    ],
    ['charge, then expiry', 'charging', ['charged', 'expired'], [paid, refunding]],
    ['expiry, then charge', 'charging', ['expired', 'charged'], ['PENDING', `${paid} requests refund`]],
    ['decline, then expiry', 'charging', ['declined', 'expired'], ['FAILED payment.failed', 'FAILED']],
    ['expiry, then decline', 'charging', ['expired', 'declined'], ['PENDING', 'FAILED payment.failed']],
    [
      'hold, then cancellation',
      'manualTerms',
      ['held', 'cancelled', 'pay'],
      ['PENDING', 'FAILED', 'rejected not_payable'],
    ],
    ['cancellation, then hold', 'termsOnly', ['cancelled', 'held'], ['FAILED', 'FAILED']],
    ['pin, then cancellation', 'succeeded', ['pinned', 'cancelled'], ['SUCCEEDED', refunding]],
    ['cancellation, then pin', 'succeeded', ['cancelled', 'pinned'], [refunding, 'SUCCEEDED']],
    ['expiry, then cancellation', 'succeeded', ['expired', 'cancelled'], [refunding, alreadyClosed]],
    ['cancellation, then expiry', 'succeeded', ['cancelled', 'expired'], [refunding, alreadyClosed]],
    [
      'refund, then expiry',
      'refunding',
      ['refunded', 'expired'],
      ['REFUNDED payment.refunded', alreadyClosed],
    ],
    [
      'pay, then expiry',
      'manualHeld',
      ['pay', 'expired', 'abandoned'],
      ['PENDING requests charge', 'PENDING', 'FAILED'],
    ],
    ['expiry, then pay', 'manualHeld', ['expired', 'pay'], ['FAILED', 'rejected not_payable']],
    [
      'abandoned, then charged by another instance',
      'chargingClosed',
      ['abandoned', 'charged', 'refunded'],
      ['FAILED', `${paid} requests refund`, 'REFUNDED payment.refunded'],
    ],
    [
      'charged, then abandoned',
      'chargingClosed',
      ['charged', 'abandoned'],
      [`${paid} requests refund`, 'ignored charge_already_succeeded'],
    ],
  ];
  it.each(races)('%s', (_race, from, names, expected) => {
    expect(run(names, states[from])).toEqual(expected);
  });
});

describe('after any sequence of inputs', () => {
  it('no more than one charge and one refund are requested, and only a successful charge is refunded', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...names), { maxLength: 25 }), (path) => {
        let view = start;
        const requested: string[] = [];
        const emitted: string[] = [];
        for (const name of path) {
          const before = view.payment;
          const decision = decide(inputs[name], { ...view, request: null });
          if (decision.kind !== 'accepted') continue;
          view = decision.state;
          if (view.request) requested.push(view.request.kind);
          emitted.push(...decision.events.map((event) => event.type));
          expect(view.payment.version).toBe(before.version + 1);
        }
        const { charge, refund, closedBy } = view.payment;
        expect(requested.filter((kind) => kind === 'charge').length).toBeLessThanOrEqual(1);
        expect(requested.filter((kind) => kind === 'refund').length).toBeLessThanOrEqual(1);
        expect(new Set(emitted).size).toBe(emitted.length);
        if (refund !== 'none') expect([charge, closedBy !== null]).toEqual(['succeeded', true]);
        if (closedBy !== null && charge === 'succeeded') expect(refund).not.toBe('none');
      }),
      { numRuns: 5_000 },
    );
  });
});
