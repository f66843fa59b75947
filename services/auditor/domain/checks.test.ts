// For each invariant, a snapshot that violates it and, for most invariants, a snapshot in which an event in flight or a recent change
// can explain the difference. Each snapshot is the clean snapshot with a few facts changed.
import { describe, expect, it } from 'vitest';
import { check, confirm, findUnchecked, type Finding } from './checks.ts';
import { findOutstanding } from './deliveries.ts';
import type {
  ChargeFact,
  Facts,
  HandledFact,
  InboxFacts,
  OrderFact,
  OutboxFact,
  Service,
  TopicFact,
} from './facts.ts';
import { findMismatches } from './mismatches.ts';
import { findStuckOrders } from './stuck.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const longAgo = now - 600_000;
const recently = now - 1_000;
const timing = { now, graceMs: 30_000, deadlineMs: 60_000 };
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
  createdAt: longAgo,
  updatedAt: longAgo,
};
const event = (eventId: string, service: Service, type: string, at = longAgo): OutboxFact => ({
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
/** The inbox row of an event. The number in the event id is the offset: `e1` has offset 1. */
const handledAs = (eventId: string, change: Partial<HandledFact> = {}): HandledFact => ({
  topic: 'order-events',
  partition: 0,
  offset: Number(eventId.slice(1)),
  publishedAt: longAgo,
  processedAt: longAgo,
  transactionAge: 100,
  ...change,
});
/** An inbox whose events were handled in the given sequence. */
const inbox = (...processed: string[]): InboxFacts => ({
  processed: new Map(
    processed.map((eventId, index) => [eventId, handledAs(eventId, { transactionAge: 100 - index })]),
  ),
  deadLettered: new Set(),
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
const charge: ChargeFact = { id: 'ch-1', reference: id, amountMinor: 1_000, refundedMinor: 0, at: longAgo };
const payment = {
  orderId: id,
  hold: 'held',
  charge: 'succeeded',
  chargeId: 'ch-1',
  failureCode: null,
  refund: 'none',
  closedBy: null,
  updatedAt: longAgo,
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

const reservation = (state: string, updatedAt = longAgo) =>
  new Map([[id, { orderId: id, state, updatedAt }]]);

const clean: Facts = {
  orders: new Map([[id, order]]),
  trail: [
    step('request-1', 'place_order', 'PENDING', 1),
    step('e2', 'inventory.reserved', 'CONFIRMED', 2),
    step('e3', 'payment.succeeded', 'PAID', 3),
  ],
  trailOrderIds: new Set([id]),
  keys: [{ key: 'k-1', orderId: id, exists: true }],
  reservations: reservation('pinned'),
  stock: [product],
  repeatedMovements: [],
  payments: new Map([[id, payment]]),
  charges: [charge],
  chargesSince: -Infinity,
  outbox,
  since: { order: 0, inventory: 0, payment: 0 },
  records: recordsOf(outbox),
  inboxes: { order: inbox('e2', 'e3'), inventory: inbox('e1', 'e3'), payment: inbox('e1', 'e2') },
};

const cleanWith = (change: Partial<Facts>): Facts => ({ ...clean, ...change });
const orderWith = (change: Partial<OrderFact>): Pick<Facts, 'orders'> => ({
  orders: new Map([[id, { ...order, ...change }]]),
});
const invariantsOf = (facts: Facts): string[] =>
  check(facts, timing).map(({ invariant, state }) => `${invariant} ${state}`);

describe('a clean snapshot', () => {
  it('has no findings, no mismatches and no stuck orders', () => {
    expect(check(clean, timing)).toEqual([]);
    expect(findMismatches(clean, timing)).toEqual([]);
    expect(findStuckOrders(clean, timing)).toEqual([]);
  });
});

const late = event('e9', 'payment', 'payment.refunded');
const fresh = event('e9', 'payment', 'payment.refunded', recently);
/** The late event is on its topic at this offset; the groups have committed offset 5. */
const lateAt = (offset: number): Pick<Facts, 'outbox' | 'records'> => ({
  outbox: [...outbox, late],
  records: new Map([...recordsOf(outbox), ['e9', record(late, offset)]]),
});

/** The inventory service handled e3 before e1. `change` replaces more values of the inbox row of e1. */
const outOfOrder = (change: Partial<HandledFact>): InboxFacts => ({
  ...inbox(),
  processed: new Map([
    ['e1', handledAs('e1', { transactionAge: 100, ...change })],
    ['e3', handledAs('e3', { transactionAge: 101 })],
  ]),
});
const handledBefore = (change: Partial<HandledFact>): Partial<Facts> => ({
  inboxes: { ...clean.inboxes, inventory: outOfOrder(change) },
});

describe('the check of the invariants', () => {
  it.each<[string, Partial<Facts>, string[]]>([
    [
      'more units reserved than available',
      { stock: [{ ...product, available: 0, ledgerAvailable: 0 }] },
      ['no_oversell broken'],
    ],
    [
      'a ledger that adds up to something else',
      { stock: [{ ...product, ledgerAvailable: 9 }] },
      ['stock_conserved broken'],
    ],
    [
      'a reserved unit without a reservation',
      { stock: [{ ...product, held: 0 }] },
      ['stock_conserved broken'],
    ],
    [
      'a paid order that lost its stock',
      { reservations: reservation('expired') },
      ['stock_follows_order broken'],
    ],
    [
      'a paid order whose stock has just changed',
      { reservations: reservation('released', recently) },
      ['stock_follows_order in_flight'],
    ],
    [
      'two charges that are not refunded',
      { charges: [charge, { ...charge, id: 'ch-2' }] },
      ['one_net_charge broken', 'money_conserved broken'],
    ],
    [
      'a second charge that was refunded',
      { charges: [charge, { ...charge, id: 'ch-2', refundedMinor: 1_000 }] },
      [],
    ],
    ['a paid order without money', { charges: [] }, ['money_conserved broken']],
    [
      'a paid order that is older than the charges that were read',
      { charges: [], chargesSince: recently },
      [],
    ],
    [
      'a paid order without money, placed after the oldest charge that was read',
      { charges: [], chargesSince: longAgo - timing.graceMs },
      ['money_conserved broken'],
    ],
    [
      'a paid order that has just changed',
      { charges: [], ...orderWith({ updatedAt: recently }) },
      ['money_conserved in_flight'],
    ],
    [
      'money for no order',
      { charges: [charge, { ...charge, id: 'ch-2', reference: 'nobody' }] },
      ['money_conserved broken'],
    ],
    [
      'money for an order that is not visible yet',
      { charges: [charge, { ...charge, id: 'ch-2', reference: 'nobody', at: recently }] },
      ['money_conserved in_flight'],
    ],
    [
      'a version that is missing',
      { trail: clean.trail.map((row) => (row.version === 3 ? { ...row, version: 4 } : row)) },
      ['versions_gap_free broken'],
    ],
    [
      'an order without a trail',
      { trail: [] },
      ['versions_gap_free broken', 'one_effect broken', 'one_effect broken'],
    ],
    ['an order whose trail was not read', { trail: [], trailOrderIds: new Set<string>() }, []],
    [
      'a trail whose last version is lower than the version of the order',
      orderWith({ version: 4 }),
      ['versions_gap_free broken'],
    ],
    [
      'a step out of a final status',
      { trail: clean.trail.map((row) => (row.version === 2 ? { ...row, status: 'CANCELLED' } : row)) },
      ['legal_transitions broken'],
    ],
    [
      'an ignored input in the trail',
      { trail: [...clean.trail, { ...step('e4', 'x', 'PAID', 3), outcome: 'ignored: x' }] },
      [],
    ],
    [
      'an input handled twice',
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
      'an event with an inbox row that was not applied',
      { trail: clean.trail.filter((row) => row.version !== 2) },
      ['versions_gap_free broken', 'one_effect broken'],
    ],
    [
      'an event that never reached its topic',
      { outbox: [...outbox, late], inboxes: { ...clean.inboxes, order: inbox('e2', 'e3') } },
      ['outbox_published broken'],
    ],
    [
      'an event that may still reach its topic',
      { outbox: [...outbox, fresh] },
      ['outbox_published in_flight'],
    ],
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
      'a record older than the window',
      { records: recordsOf([...outbox, late]), since: { ...clean.since, payment: now } },
      [],
    ],
    [
      'an event that a group skipped',
      {
        ...lateAt(4),
      },
      ['inbox_complete broken'],
    ],
    [
      'an event that a group has not reached yet',
      {
        ...lateAt(6),
      },
      [],
    ],
    ['two events handled in the opposite order', handledBefore({}), ['handled_in_sequence broken']],
    [
      'a dead letter that was replayed',
      {
        inboxes: {
          ...clean.inboxes,
          inventory: { ...outOfOrder({}), deadLettered: new Set(['e1']) },
        },
      },
      [],
    ],
    ['events of two partitions', handledBefore({ partition: 1 }), []],
    ['an event of a topic that was created again', handledBefore({ publishedAt: longAgo + 1 }), []],
    [
      'a replay whose dead letter may have been deleted',
      handledBefore({ processedAt: now - 86_400_001 }),
      [],
    ],
    [
      'an acknowledged order that does not exist',
      { keys: [{ key: 'k', orderId: 'x', exists: false }] },
      ['one_order_per_idempotency_key broken'],
    ],
    [
      'one order for two keys',
      { keys: [...clean.keys, { key: 'k-2', orderId: id, exists: true }] },
      ['one_order_per_idempotency_key broken'],
    ],
  ])('judges %s', (_name, change, expected) => {
    expect(invariantsOf(cleanWith(change))).toEqual(expected);
  });

  it('reports a difference in money as in flight while an event of the order is in flight', () => {
    const withEvent = {
      ...lateAt(6),
      charges: [{ ...charge, refundedMinor: 1_000 }],
    };
    expect(invariantsOf(cleanWith(withEvent))).toEqual(['money_conserved in_flight']);
  });

  it('reports a difference in money as in flight while the gateway has not answered', () => {
    const unsettled = { charges: [], payments: new Map([[id, { ...payment, unsettled: true }]]) };
    expect(invariantsOf(cleanWith(unsettled))).toEqual(['money_conserved in_flight']);
  });

  it('does not count an event as outstanding that was later emitted again and handled', () => {
    const again = event('e10', 'payment', 'payment.refunded', longAgo + 1);
    const rows = [...outbox, late, again];
    const records = new Map([...recordsOf([...outbox, again]), ['e9', record(late, 4)]]);
    const inboxes = { ...clean.inboxes, order: inbox('e2', 'e3', 'e10') };
    expect(findOutstanding(cleanWith({ outbox: rows, records, inboxes }))).toEqual([]);
  });
});

describe('the findings that an audit cannot check', () => {
  const found = check(cleanWith({ ...lateAt(4) }), timing);
  const away = cleanWith({
    records: null,
    inboxes: { order: { ...inbox(), committed: new Map() }, inventory: inbox(), payment: inbox() },
  });

  it('contain a skipped event while Kafka does not answer', () => {
    expect(found).toMatchObject([{ invariant: 'inbox_complete', state: 'broken' }]);
    expect(findUnchecked(found, [], away)).toEqual(found);
  });

  it('contain no finding that the audit itself has, and none while Kafka answers', () => {
    expect(findUnchecked(found, found, away)).toEqual([]);
    expect(findUnchecked(found, [], clean)).toEqual([]);
  });
});

describe('two audits', () => {
  const finding: Finding = {
    id: 'x',
    invariant: 'no_oversell',
    key: 'p',
    sentence: 's',
    since: 5,
    state: 'broken',
  };

  it('a finding of the first audit is in flight', () => {
    expect(confirm([], [finding])).toMatchObject([{ state: 'in_flight', since: 5 }]);
  });
  it('a finding of both audits is broken since the first audit', () => {
    const first = confirm([], [finding]);
    expect(confirm(first, [{ ...finding, since: 9 }])).toMatchObject([{ state: 'broken', since: 5 }]);
  });
});

describe('the step that a stuck order waits for', () => {
  const pending = { reservation: 'pending', payment: 'pending', status: 'PENDING', expiresAt: null };
  it.each<[string, Partial<OrderFact>, string | undefined]>([
    ['nothing reserved', pending, 'reservation'],
    ['nothing reserved, placed a moment ago', { ...pending, createdAt: recently }, undefined],
    ['reserved, not charged', { status: 'CONFIRMED', payment: 'pending', expiresAt: now + 1e6 }, 'payment'],
    [
      'reserved, the customer has to pay',
      { status: 'CONFIRMED', payment: 'none', paymentMode: 'MANUAL', expiresAt: now + 1e6 },
      undefined,
    ],
    [
      'the reservation expired long ago',
      { status: 'CONFIRMED', payment: 'none', paymentMode: 'MANUAL', expiresAt: longAgo },
      'release',
    ],
    ['charged, not pinned', { status: 'CONFIRMED', expiresAt: now + 1e6 }, 'pin'],
    ['paid, the seller has to ship', {}, undefined],
    ['shipped, not committed', { status: 'FULFILLED' }, 'commit'],
    ['cancelled, not released', { status: 'CANCELLED', payment: 'failed' }, 'release'],
    ['cancelled, not refunded', { status: 'CANCELLED' }, 'refund'],
    [
      'cancelled, all undone',
      { status: 'CANCELLED', payment: 'refunded', reservation: 'released' },
      undefined,
    ],
  ])('is found, if there is such a step: %s', (_name, change, waitsFor) => {
    expect(findStuckOrders(cleanWith(orderWith(change)), timing).map((stuck) => stuck.waitsFor)).toEqual(
      waitsFor === undefined ? [] : [waitsFor],
    );
  });
});

describe('the mismatches, and the service that repairs each', () => {
  const nothing = new Map<string, never>();
  it.each<[string, Partial<Facts>, string[]]>([
    [
      'an order that no other service knows',
      { reservations: nothing, payments: nothing, charges: [] },
      ['order_without_reservation order', 'order_without_payment order'],
    ],
    [
      'a reservation and a payment without an order',
      { orders: nothing, charges: [] },
      ['reservation_without_order nobody', 'payment_without_order nobody'],
    ],
    [
      'a charge without a payment',
      { charges: [charge, { ...charge, id: 'ch-2' }] },
      ['charge_without_payment nobody'],
    ],
    [
      'an order that missed its reservation',
      orderWith({ status: 'PENDING', reservation: 'pending', version: 1 }),
      ['order_behind_reservation inventory'],
    ],
    [
      'an order that missed its payment',
      orderWith({ status: 'CONFIRMED', payment: 'pending' }),
      ['order_behind_payment payment'],
    ],
    [
      'a cancellation that no other service handled',
      orderWith({ status: 'CANCELLED' }),
      ['reservation_behind_order order', 'payment_behind_order order', 'refund_missing order'],
    ],
    [
      'a payment that inventory missed',
      {
        ...orderWith({ status: 'CONFIRMED', expiresAt: now }),
        reservations: reservation('reserved'),
      },
      ['reservation_behind_payment payment'],
    ],
    ['an event that is not on its topic', { outbox: [...outbox, late] }, ['outbox_id_not_on_topic payment']],
    [
      'a record without an outbox row',
      { records: recordsOf([...outbox, late]) },
      ['topic_id_not_in_outbox nobody'],
    ],
    ['an event that was skipped', { ...lateAt(4) }, ['inbox_gap payment']],
    [
      'a dead letter',
      {
        ...lateAt(4),
        inboxes: { ...clean.inboxes, order: { ...inbox('e2', 'e3'), deadLettered: new Set(['e9']) } },
      },
      ['dead_letter nobody'],
    ],
  ])('are found: %s', (_name, change, expected) => {
    const found = findMismatches(cleanWith(change), timing);
    expect(found.map(({ class: kind, remedy }) => `${kind} ${remedy?.service ?? 'nobody'}`)).toEqual(
      expected,
    );
  });
});
