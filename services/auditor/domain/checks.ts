// The invariants as pure functions of one snapshot. A finding is either broken or still in flight: what may be explained
// by an event that is on its way is not broken yet. Money and stock are held against each other only for orders at rest.
import { outstanding, unpublished, type Delivery } from './deliveries.ts';
import type { ChargeFact, Facts, OrderFact, Patience, Service, TrailFact } from './facts.ts';
import { restOf, type Rest } from './rest.ts';

export const invariants = {
  no_oversell: 'no product has more units reserved than it has',
  stock_conserved: 'stock is the sum of its ledger and of the live reservations',
  stock_follows_order: 'an order that is over holds no stock, and a paid one holds its own',
  one_net_charge: 'an order is charged at most once',
  money_conserved: 'captured minus refunded is what paid orders cost, at the provider',
  legal_transitions: 'an order changes its status only in legal steps, and a final one never',
  versions_gap_free: 'the trail of an order has every version once, up to the present one',
  outbox_published: 'every committed event reaches its topic',
  nothing_uncommitted: 'no topic has an event that was never committed',
  inbox_complete: 'no event is passed over by a group that reacts to it',
  one_effect: 'an event takes effect once per group',
  order_per_key: 'an acknowledged order exists, once per idempotency key',
} as const;
export type Invariant = keyof typeof invariants;

export interface Finding {
  /** Invariant and key: the same finding has the same id at every look. */
  readonly id: string;
  readonly invariant: Invariant;
  /** The order, product or event it is about. */
  readonly key: string;
  readonly sentence: string;
  /** Since when, as far as the facts tell. */
  readonly since: number;
  readonly state: 'broken' | 'in_flight';
}

const found = (
  invariant: Invariant,
  key: string,
  sentence: string,
  since: number,
  broken = true,
): Finding => ({
  id: `${invariant}:${key}`,
  invariant,
  key,
  sentence,
  since,
  state: broken ? 'broken' : 'in_flight',
});

const checkStock = ({ stock }: Facts, { now }: Patience): Finding[] =>
  stock.flatMap(({ productId, available, reserved, ledgerAvailable, ledgerReserved, held }) => {
    const findings: Finding[] = [];
    if (reserved < 0 || reserved > available) {
      const sentence = `${productId} has ${reserved} of ${available} units reserved.`;
      findings.push(found('no_oversell', productId, sentence, now));
    }
    if (available !== ledgerAvailable || reserved !== ledgerReserved || reserved !== held) {
      const sentence =
        `${productId} says available ${available}, reserved ${reserved}; its ledger adds up to ${ledgerAvailable} ` +
        `and ${ledgerReserved}, and live reservations hold ${held}.`;
      findings.push(found('stock_conserved', productId, sentence, now));
    }
    return findings;
  });

const live = (state: string | undefined): boolean => state === 'reserved' || state === 'pinned';

const contradiction = (status: string, state: string | undefined): boolean => {
  switch (status) {
    case 'PAID':
      return state !== 'pinned';
    case 'FULFILLED':
      return state !== 'committed';
    case 'CANCELLED':
      return live(state) || state === 'committed';
    default:
      return false;
  }
};

const checkStockFollowsOrder = (facts: Facts, rest: Rest): Finding[] =>
  [...facts.orders.values()].flatMap(({ id, status }) => {
    const state = facts.reservations.get(id)?.state;
    if (!contradiction(status, state)) return [];
    const sentence = `Order ${id} is ${status}, but its reservation is ${state ?? 'missing'}.`;
    return [found('stock_follows_order', id, sentence, rest.lastChange(id), rest.isAtRest(id))];
  });

const net = (charges: readonly ChargeFact[]): number =>
  charges.reduce((sum, charge) => sum + charge.amountMinor - charge.refundedMinor, 0);

const owed = ({ status, totalMinor }: OrderFact): number =>
  status === 'PAID' || status === 'FULFILLED' ? totalMinor : 0;

const checkMoney = (facts: Facts, rest: Rest, { now, graceMs }: Patience): Finding[] => {
  const byOrder = Map.groupBy(facts.charges, (charge) => charge.reference);
  const findings: Finding[] = [];
  for (const [reference, charges] of byOrder) {
    const since = Math.max(...charges.map((charge) => charge.at));
    const standing = charges.filter((charge) => charge.amountMinor > charge.refundedMinor);
    if (standing.length > 1) {
      const sentence = `${reference} is charged ${standing.length} times: ${standing.map(({ id }) => id).join(', ')}.`;
      findings.push(found('one_net_charge', reference, sentence, since));
    }
    if (!facts.orders.has(reference) && net(charges) !== 0) {
      const sentence = `The provider holds ${net(charges)} for ${reference}, which is no order.`;
      findings.push(found('money_conserved', reference, sentence, since, since + graceMs <= now));
    }
  }
  for (const order of facts.orders.values()) {
    const held = net(byOrder.get(order.id) ?? []);
    if (held === owed(order)) continue;
    const sentence = `Order ${order.id} is ${order.status} and should have cost ${owed(order)}; the provider holds ${held}.`;
    findings.push(
      found('money_conserved', order.id, sentence, rest.lastChange(order.id), rest.isAtRest(order.id)),
    );
  }
  return findings;
};

const next: Readonly<Record<string, readonly string[]>> = {
  PENDING: ['CONFIRMED', 'PAID', 'CANCELLED'],
  CONFIRMED: ['PAID', 'CANCELLED'],
  PAID: ['FULFILLED', 'CANCELLED'],
  FULFILLED: [],
  CANCELLED: [],
};

const checkTrailOf = (order: OrderFact, trail: readonly TrailFact[]): Finding[] => {
  const findings: Finding[] = [];
  const { id, updatedAt } = order;
  const accepted = trail.filter((row) => row.outcome === 'accepted');
  const versions = accepted.map((row) => row.version);
  if (versions.some((version, index) => version !== index + 1) || versions.length !== order.version) {
    const sentence = `Order ${id} is at version ${order.version}; its trail has ${versions.join(', ') || 'none'}.`;
    findings.push(found('versions_gap_free', id, sentence, updatedAt));
  }
  const statuses = accepted.map((row) => row.status);
  const steps = [...statuses, order.status].map(
    (to, index) => [statuses[index - 1] ?? 'PENDING', to] as const,
  );
  for (const [from, to] of steps) {
    if (from === to || next[from]?.includes(to) === true) continue;
    findings.push(found('legal_transitions', id, `Order ${id} went from ${from} to ${to}.`, updatedAt));
    break;
  }
  const inputs = trail.map((row) => row.inputId);
  const repeated = inputs.find((input, index) => inputs.indexOf(input) !== index);
  if (repeated !== undefined) {
    const sentence = `Order ${id} took input ${repeated} more than once.`;
    findings.push(found('one_effect', repeated, sentence, updatedAt));
  }
  return findings;
};

const checkTrails = ({ orders, trail }: Facts): Finding[] => {
  const byOrder = Map.groupBy(trail, (row) => row.orderId);
  return [...byOrder].flatMap(([orderId, rows]) => {
    const order = orders.get(orderId);
    return order ? checkTrailOf(order, rows) : [];
  });
};

/** The order's effects are its trail: each claimed event of an order has one row there, and each row of an event a claim. */
const checkEffects = (facts: Facts, { now, graceMs }: Patience): Finding[] => {
  const { trail, outbox, inboxes, repeatedMovements } = facts;
  const findings = repeatedMovements.map(({ orderId, productId, kind, times }) =>
    found(
      'one_effect',
      `${orderId}/${productId}/${kind}`,
      `Order ${orderId} moved the stock of ${productId} by ${kind} ${times} times.`,
      now,
    ),
  );
  const effects = new Set(trail.map((row) => row.inputId));
  const traced = new Set(trail.map((row) => row.orderId));
  for (const { id, key, type, service, at } of outbox) {
    if (service === 'order' || !traced.has(key)) continue;
    const claimed = inboxes.order.processed.has(id);
    if (claimed === effects.has(id)) continue;
    const sentence = claimed
      ? `The order service claimed ${type} ${id} of order ${key} without taking it in.`
      : `The order service took in ${type} ${id} of order ${key} without claiming it.`;
    findings.push(found('one_effect', id, sentence, at, at + graceMs <= now));
  }
  return findings;
};

const topicOf = (service: Service): string => `${service}-events`;

const checkTopics = (facts: Facts, { now, graceMs }: Patience): Finding[] => {
  const { records, outbox, since } = facts;
  if (!records) return [];
  const findings = unpublished(facts).map(({ id, type, key, service, at }) =>
    found(
      'outbox_published',
      id,
      `${type} ${id} of ${key} is committed, but not on ${topicOf(service)}.`,
      at,
      at + graceMs <= now,
    ),
  );
  const committed = new Set(outbox.map((row) => row.id));
  const sinceOf = new Map<string, number>([
    [topicOf('order'), since.order],
    [topicOf('inventory'), since.inventory],
    [topicOf('payment'), since.payment],
  ]);
  for (const { id, topic, partition, offset, at } of records.values()) {
    if (committed.has(id) || at < (sinceOf.get(topic) ?? Infinity)) continue;
    const sentence = `${topic} ${partition}/${offset} has an event ${id} that the outbox does not have.`;
    findings.push(found('nothing_uncommitted', id, sentence, at, at + graceMs <= now));
  }
  return findings;
};

const checkInboxes = (deliveries: readonly Delivery[]): Finding[] =>
  deliveries
    .filter(({ state }) => state === 'gap')
    .map(({ event, consumer }) =>
      found(
        'inbox_complete',
        `${event.id}/${consumer}`,
        `The ${consumer} service passed over ${event.type} ${event.id} of ${event.key}.`,
        event.at,
      ),
    );

const checkKeys = ({ keys }: Facts, { now }: Patience): Finding[] => {
  const keysOf = Map.groupBy(keys, (fact) => fact.orderId);
  return [...keysOf].flatMap(([orderId, facts]) => {
    if (facts.some(({ exists }) => !exists)) {
      return [found('order_per_key', orderId, `Order ${orderId} was acknowledged and does not exist.`, now)];
    }
    if (facts.length === 1) return [];
    const sentence = `Order ${orderId} answers ${facts.length} idempotency keys.`;
    return [found('order_per_key', orderId, sentence, now)];
  });
};

/** Everything that is wrong or may turn out to be, most basic first. */
export function check(facts: Facts, patience: Patience): Finding[] {
  const deliveries = outstanding(facts);
  const rest = restOf(facts, deliveries, patience);
  return [
    ...checkStock(facts, patience),
    ...checkStockFollowsOrder(facts, rest),
    ...checkMoney(facts, rest, patience),
    ...checkTrails(facts),
    ...checkEffects(facts, patience),
    ...checkTopics(facts, patience),
    ...checkInboxes(deliveries),
    ...checkKeys(facts, patience),
  ];
}

/**
 * Three databases are never seen at one instant, so a finding is broken only when two looks in a row call it so; the first
 * look leaves it in flight. `since` stays that of the first look.
 */
export function confirm(before: readonly Finding[], now: readonly Finding[]): Finding[] {
  const seen = new Map(before.map((finding) => [finding.id, finding]));
  return now.map((finding) => {
    const earlier = seen.get(finding.id);
    const since = Math.min(finding.since, earlier?.since ?? finding.since);
    return finding.state === 'broken' && !earlier
      ? { ...finding, since, state: 'in_flight' }
      : { ...finding, since };
  });
}
