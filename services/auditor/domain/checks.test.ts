// Each invariant has a snapshot that violates it, one that may still turn out well, and the clean one they differ from.
import { describe, expect, it } from 'vitest';
import { check, confirm, type Finding } from './checks.ts';
import { outstanding } from './deliveries.ts';
import type { ChargeFact, Facts, InboxFacts, OrderFact, OutboxFact, Service, TopicFact } from './facts.ts';
import { mismatches } from './mismatches.ts';
import { stuckOrders } from './stuck.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const long = now - 600_000;
const recently = now - 1_000;
const patience = { now, graceMs: 30_000, deadlineMs: 60_000 };
const id = 'order-1';

const order: OrderFact = {
  id,
  status: 'PAID',
  reservation: 'reserved',
  expiresAt: null,
  paymentMode: 'AUTO',
  payment: 'succeeded',
  totalMinor: 1_000,
  version: 3,
  createdAt: long,
  updatedAt: long,
};
const event = (eventId: string, service: Service, type: string, at = long): OutboxFact => ({
  id: eventId,
  service,
  type,
  key: id,
  at,
});
const outbox = [
  event('e1', 'order', 'order.created'),
  event('e2', 'inventory', 'inventory.reserved'),
  event('e3', 'payment', 'payment.succeeded'),
];
const record = ({ id: eventId, service, type, key, at }: OutboxFact, offset = 5): TopicFact => ({
  id: eventId,
  topic: `${service}-events`,
  partition: 0,
  offset,
  type,
  key,
  at,
});
const recordsOf = (rows: readonly OutboxFact[]) => new Map(rows.map((row) => [row.id, record(row)]));
const inbox = (...processed: string[]): InboxFacts => ({
  processed: new Set(processed),
  parked: new Set(),
  committed: new Map([
    ['order-events/0', 5],
    ['inventory-events/0', 5],
    ['payment-events/0', 5],
  ]),
});
const step = (inputId: string, type: string, status: string, version: number) => ({
  orderId: id,
  inputId,
  type,
  status,
  version,
  outcome: 'accepted',
});
const charge: ChargeFact = { id: 'ch-1', reference: id, amountMinor: 1_000, refundedMinor: 0, at: long };
const payment = {
  orderId: id,
  hold: 'held',
  charge: 'succeeded',
  chargeId: 'ch-1',
  failureCode: null,
  refund: 'none',
  closedBy: null,
  updatedAt: long,
  unsettled: false,
};
const product = {
  productId: 'p-1',
  available: 10,
  reserved: 1,
  ledgerAvailable: 10,
  ledgerReserved: 1,
  held: 1,
};

const clean: Facts = {
  orders: new Map([[id, order]]),
  trail: [
    step('request-1', 'place_order', 'PENDING', 1),
    step('e2', 'inventory.reserved', 'CONFIRMED', 2),
    step('e3', 'payment.succeeded', 'PAID', 3),
  ],
  keys: [{ key: 'k-1', orderId: id, exists: true }],
  reservations: new Map([[id, { orderId: id, state: 'pinned', updatedAt: long }]]),
  stock: [product],
  repeatedMovements: [],
  payments: new Map([[id, payment]]),
  charges: [charge],
  outbox,
  since: { order: 0, inventory: 0, payment: 0 },
  records: recordsOf(outbox),
  inboxes: { order: inbox('e2', 'e3'), inventory: inbox('e1', 'e3'), payment: inbox('e1', 'e2') },
};

const with_ = (change: Partial<Facts>): Facts => ({ ...clean, ...change });
const ordered = (change: Partial<OrderFact>): Pick<Facts, 'orders'> => ({
  orders: new Map([[id, { ...order, ...change }]]),
});
const found = (facts: Facts): string[] =>
  check(facts, patience).map(({ invariant, state }) => `${invariant} ${state}`);

describe('a snapshot in order', () => {
  it('has no findings, no differences and nobody stuck', () => {
    expect(check(clean, patience)).toEqual([]);
    expect(mismatches(clean, patience)).toEqual([]);
    expect(stuckOrders(clean, patience)).toEqual([]);
  });
});

const late = event('e9', 'payment', 'payment.refunded');
const fresh = event('e9', 'payment', 'payment.refunded', recently);

describe('each invariant', () => {
  it.each<[string, Partial<Facts>, string[]]>([
    [
      'more reserved than there is',
      { stock: [{ ...product, available: 0, ledgerAvailable: 0 }] },
      ['no_oversell broken'],
    ],
    [
      'a ledger that adds up to something else',
      { stock: [{ ...product, ledgerAvailable: 9 }] },
      ['stock_conserved broken'],
    ],
    ['a unit reserved for nobody', { stock: [{ ...product, held: 0 }] }, ['stock_conserved broken']],
    [
      'a paid order that lost its stock',
      { reservations: new Map([[id, { orderId: id, state: 'expired', updatedAt: long }]]) },
      ['stock_follows_order broken'],
    ],
    [
      'a paid order whose stock changed a moment ago',
      { reservations: new Map([[id, { orderId: id, state: 'released', updatedAt: recently }]]) },
      ['stock_follows_order in_flight'],
    ],
    [
      'two charges that stand',
      { charges: [charge, { ...charge, id: 'ch-2' }] },
      ['one_net_charge broken', 'money_conserved broken'],
    ],
    [
      'a second charge that was returned',
      { charges: [charge, { ...charge, id: 'ch-2', refundedMinor: 1_000 }] },
      [],
    ],
    ['a paid order without money', { charges: [] }, ['money_conserved broken']],
    [
      'a paid order that changed a moment ago',
      { charges: [], ...ordered({ updatedAt: recently }) },
      ['money_conserved in_flight'],
    ],
    [
      'money for no order',
      { charges: [charge, { ...charge, id: 'ch-2', reference: 'nobody' }] },
      ['money_conserved broken'],
    ],
    [
      'money for an order that is not there yet',
      { charges: [charge, { ...charge, id: 'ch-2', reference: 'nobody', at: recently }] },
      ['money_conserved in_flight'],
    ],
    [
      'a step that is skipped',
      { trail: clean.trail.map((row) => (row.version === 3 ? { ...row, version: 4 } : row)) },
      ['versions_gap_free broken'],
    ],
    ['a trail that ends before the order', ordered({ version: 4 }), ['versions_gap_free broken']],
    [
      'a step out of a final status',
      { trail: clean.trail.map((row) => (row.version === 2 ? { ...row, status: 'CANCELLED' } : row)) },
      ['legal_transitions broken'],
    ],
    [
      'an ignored input in between',
      { trail: [...clean.trail, { ...step('e4', 'x', 'PAID', 3), outcome: 'ignored: x' }] },
      [],
    ],
    [
      'an input taken in twice',
      {
        trail: [...clean.trail, { ...step('e3', 'payment.succeeded', 'PAID', 3), outcome: 'ignored: again' }],
      },
      ['one_effect broken'],
    ],
    [
      'stock moved twice for one order',
      { repeatedMovements: [{ orderId: id, productId: 'p-1', kind: 'reserve', times: 2 }] },
      ['one_effect broken'],
    ],
    [
      'an event claimed without effect',
      { trail: clean.trail.filter((row) => row.version !== 2) },
      ['versions_gap_free broken', 'one_effect broken'],
    ],
    [
      'an event that never reached its topic',
      { outbox: [...outbox, late], inboxes: { ...clean.inboxes, order: inbox('e2', 'e3') } },
      ['outbox_published broken'],
    ],
    ['an event on its way to the topic', { outbox: [...outbox, fresh] }, ['outbox_published in_flight']],
    ['topics that cannot be read', { outbox: [...outbox, late], records: null }, []],
    [
      'a record that was never committed',
      { records: recordsOf([...outbox, late]) },
      ['nothing_uncommitted broken'],
    ],
    [
      'a record whose row is not visible yet',
      { records: recordsOf([...outbox, fresh]) },
      ['nothing_uncommitted in_flight'],
    ],
    [
      'an older record than the window',
      { records: recordsOf([...outbox, late]), since: { ...clean.since, payment: now } },
      [],
    ],
    [
      'an event that a group passed over',
      {
        outbox: [...outbox, late],
        records: new Map([...recordsOf(outbox), ['e9', record(late, 4)]]),
      },
      ['inbox_complete broken'],
    ],
    [
      'an event that a group has yet to reach',
      {
        outbox: [...outbox, late],
        records: new Map([...recordsOf(outbox), ['e9', record(late, 6)]]),
      },
      [],
    ],
    [
      'an acknowledged order that does not exist',
      { keys: [{ key: 'k', orderId: 'x', exists: false }] },
      ['order_per_key broken'],
    ],
    [
      'one order for two keys',
      { keys: [...clean.keys, { key: 'k-2', orderId: id, exists: true }] },
      ['order_per_key broken'],
    ],
  ])('%s', (_name, change, expected) => {
    expect(found(with_(change))).toEqual(expected);
  });

  it('while an event of the order is on its way, money and stock are not held against it', () => {
    const coming = {
      outbox: [...outbox, late],
      records: new Map([...recordsOf(outbox), ['e9', record(late, 6)]]),
      charges: [{ ...charge, refundedMinor: 1_000 }],
    };
    expect(found(with_(coming))).toEqual(['money_conserved in_flight']);
  });

  it('while the gateway has not answered, neither', () => {
    const asking = { charges: [], payments: new Map([[id, { ...payment, unsettled: true }]]) };
    expect(found(with_(asking))).toEqual(['money_conserved in_flight']);
  });

  it('an event that was said again and handled since is not missing', () => {
    const again = event('e10', 'payment', 'payment.refunded', long + 1);
    const rows = [...outbox, late, again];
    const records = new Map([...recordsOf([...outbox, again]), ['e9', record(late, 4)]]);
    const inboxes = { ...clean.inboxes, order: inbox('e2', 'e3', 'e10') };
    expect(outstanding(with_({ outbox: rows, records, inboxes }))).toEqual([]);
  });
});

describe('two looks', () => {
  const finding: Finding = {
    id: 'x',
    invariant: 'no_oversell',
    key: 'p',
    sentence: 's',
    since: 5,
    state: 'broken',
  };

  it('a difference that only one look saw stays in flight', () => {
    expect(confirm([], [finding])).toMatchObject([{ state: 'in_flight', since: 5 }]);
  });
  it('the second look makes it a violation, since the first', () => {
    const first = confirm([], [finding]);
    expect(confirm(first, [{ ...finding, since: 9 }])).toMatchObject([{ state: 'broken', since: 5 }]);
  });
});

describe('who is stuck, and what it waits for', () => {
  const pending = { reservation: 'pending', payment: 'pending', status: 'PENDING', expiresAt: null };
  it.each<[string, Partial<OrderFact>, string | undefined]>([
    ['nothing reserved', pending, 'reservation'],
    ['nothing reserved, placed a moment ago', { ...pending, createdAt: recently }, undefined],
    ['reserved, not charged', { status: 'CONFIRMED', payment: 'pending', expiresAt: now + 1e6 }, 'payment'],
    [
      'reserved, the customer pays',
      { status: 'CONFIRMED', payment: 'none', paymentMode: 'MANUAL', expiresAt: now + 1e6 },
      undefined,
    ],
    [
      'the hold lapsed long ago',
      { status: 'CONFIRMED', payment: 'none', paymentMode: 'MANUAL', expiresAt: long },
      'release',
    ],
    ['charged, not pinned', { status: 'CONFIRMED', expiresAt: now + 1e6 }, 'pin'],
    ['paid, the seller ships', {}, undefined],
    ['shipped, not committed', { status: 'FULFILLED' }, 'commit'],
    ['cancelled, not released', { status: 'CANCELLED', payment: 'failed' }, 'release'],
    ['cancelled, not refunded', { status: 'CANCELLED' }, 'refund'],
    [
      'cancelled, all undone',
      { status: 'CANCELLED', payment: 'refunded', reservation: 'released' },
      undefined,
    ],
  ])('%s', (_name, change, waitsFor) => {
    expect(stuckOrders(with_(ordered(change)), patience).map((stuck) => stuck.waitsFor)).toEqual(
      waitsFor === undefined ? [] : [waitsFor],
    );
  });
});

describe('the differences and who has to speak', () => {
  const nothing = new Map<string, never>();
  it.each<[string, Partial<Facts>, string[]]>([
    [
      'an order nobody heard of',
      { reservations: nothing, payments: nothing, charges: [] },
      ['order_without_reservation order', 'order_without_payment order'],
    ],
    [
      'stock and payment of no order',
      { orders: nothing, charges: [] },
      ['reservation_without_order nobody', 'payment_without_order nobody'],
    ],
    [
      'a charge of no payment',
      { charges: [charge, { ...charge, id: 'ch-2' }] },
      ['charge_without_payment nobody'],
    ],
    [
      'an order that missed its reservation',
      ordered({ status: 'PENDING', reservation: 'pending', version: 1 }),
      ['order_behind_reservation inventory'],
    ],
    [
      'an order that missed its payment',
      ordered({ status: 'CONFIRMED', payment: 'pending' }),
      ['order_behind_payment payment'],
    ],
    [
      'a cancellation that nobody took in',
      ordered({ status: 'CANCELLED' }),
      ['reservation_behind_order order', 'payment_behind_order order', 'refund_missing order'],
    ],
    [
      'a payment that inventory missed',
      {
        ...ordered({ status: 'CONFIRMED', expiresAt: now }),
        reservations: new Map([[id, { orderId: id, state: 'reserved', updatedAt: long }]]),
      },
      ['reservation_behind_payment payment'],
    ],
    ['an event in the outbox only', { outbox: [...outbox, late] }, ['outbox_id_not_on_topic payment']],
    ['a record of no outbox', { records: recordsOf([...outbox, late]) }, ['topic_id_not_in_outbox nobody']],
    [
      'an event that was passed over',
      { outbox: [...outbox, late], records: new Map([...recordsOf(outbox), ['e9', record(late, 4)]]) },
      ['inbox_gap payment'],
    ],
    [
      'a dead letter',
      {
        outbox: [...outbox, late],
        records: new Map([...recordsOf(outbox), ['e9', record(late, 4)]]),
        inboxes: { ...clean.inboxes, order: { ...inbox('e2', 'e3'), parked: new Set(['e9']) } },
      },
      ['dead_letter nobody'],
    ],
  ])('%s', (_name, change, expected) => {
    const differences = mismatches(with_(change), patience);
    expect(differences.map(({ class: kind, remedy }) => `${kind} ${remedy?.service ?? 'nobody'}`)).toEqual(
      expected,
    );
  });
});
