// The invariants as pure functions of one snapshot. A finding is a difference that contradicts an invariant. Its state is
// `in_flight` while an undelivered event, a gateway request without a result or a recent change may still explain the difference,
// and while only one audit has found it; otherwise the state is `broken`.
import { findOutstanding, findUncommitted, findUnpublished, type Delivery } from './deliveries.ts';
import {
  everyService,
  isLive,
  topicOf,
  type AuditTiming,
  type ChargeFact,
  type Facts,
  type OrderFact,
  type TrailFact,
} from './facts.ts';
import { trackOrderActivity, type OrderActivity } from './order-activity.ts';

export const invariants = {
  no_oversell: 'no product has more reserved units than units on hand',
  stock_conserved:
    'the stock of a product equals the sum of its ledger, and its reserved units equal those of reserved and pinned reservations',
  stock_follows_order:
    'the reservation of an order follows its status: a CANCELLED order holds no stock, PAID is pinned, FULFILLED is committed',
  one_net_charge: 'no order has more than one charge that is not fully refunded',
  money_conserved: 'at the provider, captured minus refunded amounts equal the totals of the paid orders',
  legal_transitions: 'an order changes its status only by legal transitions, and never leaves a final status',
  versions_gap_free: 'the trail of an order has every version up to the current version exactly once',
  outbox_published: 'every committed event reaches its topic',
  nothing_uncommitted: 'every event on a topic was committed to an outbox',
  inbox_complete: 'no consumer group skips an event to which it reacts',
  one_effect: 'an event takes effect once per consumer group',
  handled_in_sequence:
    'a consumer group handles the events of a key in the sequence of the topic; only a dead letter is handled later',
  one_order_per_idempotency_key:
    'every acknowledged order exists, and no two idempotency keys share an order',
} as const;
type Invariant = keyof typeof invariants;

export interface Finding {
  /** `invariant:key`, so the same finding has the same id in every audit. */
  readonly id: string;
  readonly invariant: Invariant;
  /** The id of the order, product or event. */
  readonly key: string;
  readonly sentence: string;
  /** When the finding began, as far as the facts show. */
  readonly since: number;
  readonly state: 'broken' | 'in_flight';
}

const createFinding = (
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

const checkStock = ({ stock }: Facts, { now }: AuditTiming): Finding[] =>
  stock.flatMap(({ productId, available, reserved, ledgerAvailable, ledgerReserved, held }) => {
    const findings: Finding[] = [];
    if (reserved < 0 || reserved > available) {
      const sentence = `${productId} has ${reserved} reserved units and ${available} units on hand.`;
      findings.push(createFinding('no_oversell', productId, sentence, now));
    }
    if (available !== ledgerAvailable || reserved !== ledgerReserved || reserved !== held) {
      const sentence =
        `${productId} has ${available} units on hand, of which ${reserved} are reserved. Its ledger adds up to ${ledgerAvailable} ` +
        `and ${ledgerReserved}, and live reservations hold ${held} units.`;
      findings.push(createFinding('stock_conserved', productId, sentence, now));
    }
    return findings;
  });

const contradicts = (status: string, state: string | undefined): boolean => {
  switch (status) {
    case 'PAID':
      return state !== 'pinned';
    case 'FULFILLED':
      return state !== 'committed';
    case 'CANCELLED':
      return isLive(state) || state === 'committed';
    default:
      return false;
  }
};

const checkStockFollowsOrder = (facts: Facts, activity: OrderActivity): Finding[] =>
  [...facts.orders.values()].flatMap(({ id, status }) => {
    const state = facts.reservations.get(id)?.state;
    if (!contradicts(status, state)) return [];
    const sentence = `Order ${id} is ${status}, but its reservation is ${state ?? 'missing'}.`;
    return [
      createFinding('stock_follows_order', id, sentence, activity.lastChange(id), !activity.isInFlight(id)),
    ];
  });

const netOf = (charges: readonly ChargeFact[]): number =>
  charges.reduce((sum, charge) => sum + charge.amountMinor - charge.refundedMinor, 0);

const amountOwed = ({ status, totalMinor }: OrderFact): number =>
  status === 'PAID' || status === 'FULFILLED' ? totalMinor : 0;

const checkMoney = (facts: Facts, activity: OrderActivity, { now, graceMs }: AuditTiming): Finding[] => {
  const byOrder = Map.groupBy(facts.charges, (charge) => charge.reference);
  const findings: Finding[] = [];
  for (const [reference, charges] of byOrder) {
    const since = Math.max(...charges.map((charge) => charge.at));
    const standing = charges.filter((charge) => charge.amountMinor > charge.refundedMinor);
    if (standing.length > 1) {
      const sentence = `${reference} is charged ${standing.length} times: ${standing.map(({ id }) => id).join(', ')}.`;
      findings.push(createFinding('one_net_charge', reference, sentence, since));
    }
    if (!facts.orders.has(reference) && netOf(charges) !== 0) {
      const sentence = `The provider has captured ${netOf(charges)} for the reference ${reference}, but there is no such order.`;
      findings.push(createFinding('money_conserved', reference, sentence, since, since + graceMs <= now));
    }
  }
  for (const order of facts.orders.values()) {
    const held = netOf(byOrder.get(order.id) ?? []);
    if (held === amountOwed(order)) continue;
    // Its charge may be older than the charges that were read. `graceMs` covers the difference between two clocks.
    if (order.createdAt < facts.chargesSince + graceMs) continue;
    const sentence = `Order ${order.id} is ${order.status}, so the provider should have captured ${amountOwed(order)} net of refunds; it has captured ${held}.`;
    const isBroken = !activity.isInFlight(order.id);
    findings.push(
      createFinding('money_conserved', order.id, sentence, activity.lastChange(order.id), isBroken),
    );
  }
  return findings;
};

const nextStatuses: Readonly<Record<string, readonly string[]>> = {
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
    findings.push(createFinding('versions_gap_free', id, sentence, updatedAt));
  }
  const statuses = accepted.map((row) => row.status);
  const steps = [...statuses, order.status].map(
    (to, index) => [statuses[index - 1] ?? 'PENDING', to] as const,
  );
  for (const [from, to] of steps) {
    if (from === to || nextStatuses[from]?.includes(to) === true) continue;
    findings.push(
      createFinding('legal_transitions', id, `Order ${id} went from ${from} to ${to}.`, updatedAt),
    );
    break;
  }
  const inputs = trail.map((row) => row.inputId);
  const repeated = inputs.find((input, index) => inputs.indexOf(input) !== index);
  if (repeated !== undefined) {
    const sentence = `Order ${id} handled input ${repeated} more than once.`;
    findings.push(createFinding('one_effect', repeated, sentence, updatedAt));
  }
  return findings;
};

const checkTrails = ({ orders, trail, trailOrderIds }: Facts): Finding[] => {
  const byOrder = Map.groupBy(trail, (row) => row.orderId);
  return [...trailOrderIds].flatMap((orderId) => {
    const order = orders.get(orderId);
    return order ? checkTrailOf(order, byOrder.get(orderId) ?? []) : [];
  });
};

/**
 * Reports repeated stock movements. Compares the trail with the inbox of the order service: an event has a row in the trail if and
 * only if it has an inbox row.
 */
const checkEffects = (facts: Facts, { now, graceMs }: AuditTiming): Finding[] => {
  const { trail, trailOrderIds, outbox, inboxes, repeatedMovements } = facts;
  const findings = repeatedMovements.map(({ orderId, productId, kind, times }) =>
    createFinding(
      'one_effect',
      `${orderId}/${productId}/${kind}`,
      `Order ${orderId} has ${times} stock movements of kind ${kind} for ${productId}; expected one.`,
      now,
    ),
  );
  const effects = new Set(trail.map((row) => row.inputId));
  for (const { id, key, type, service, at } of outbox) {
    if (service === 'order' || !trailOrderIds.has(key)) continue;
    const claimed = inboxes.order.processed.has(id);
    if (claimed === effects.has(id)) continue;
    const sentence = claimed
      ? `The order service has an inbox row for ${type} ${id}, but did not apply it to order ${key}.`
      : `The order service applied ${type} ${id} to order ${key}, but has no inbox row for it.`;
    findings.push(createFinding('one_effect', id, sentence, at, at + graceMs <= now));
  }
  return findings;
};

const checkTopics = (facts: Facts, { now, graceMs }: AuditTiming): Finding[] => {
  const unpublished = findUnpublished(facts).map(({ id, type, key, service, at }) =>
    createFinding(
      'outbox_published',
      id,
      `${type} ${id} of ${key} is committed, but not on ${topicOf(service)}.`,
      at,
      at + graceMs <= now,
    ),
  );
  const uncommitted = findUncommitted(facts).map(({ id, topic, partition, offset, at }) => {
    const sentence = `${topic} ${partition}/${offset} has event ${id}, which is not in the outbox.`;
    return createFinding('nothing_uncommitted', id, sentence, at, at + graceMs <= now);
  });
  return [...unpublished, ...uncommitted];
};

const checkInboxes = (deliveries: readonly Delivery[]): Finding[] =>
  deliveries
    .filter(({ state }) => state === 'gap')
    .map(({ event, consumer }) =>
      createFinding(
        'inbox_complete',
        `${event.id}/${consumer}`,
        `The ${consumer} service skipped ${event.type} ${event.id} of ${event.key}.`,
        event.at,
      ),
    );

/** Dead letters are kept at least this long after their replay, so a replay within this time is recognised by its dead letter. */
const deadLettersKeptMs = 86_400_000;

const checkOrderOfHandling = ({ outbox, inboxes }: Facts, { now }: AuditTiming): Finding[] =>
  everyService.flatMap((consumer) => {
    const { processed, deadLettered } = inboxes[consumer];
    const handled = outbox.flatMap((event) => {
      const row = processed.get(event.id);
      return row && !deadLettered.has(event.id) ? [{ event, ...row }] : [];
    });
    const ofOneKey = Map.groupBy(
      handled,
      ({ event, topic, partition }) => `${topic}/${partition}/${event.key}`,
    );
    return [...ofOneKey.values()].flatMap((rows) => {
      const sorted = rows.toSorted((a, b) => a.offset - b.offset);
      return sorted.flatMap((later, index) => {
        const earlier = sorted[index - 1];
        if (!earlier || earlier.transactionAge >= later.transactionAge) return [];
        if (earlier.processedAt < now - deadLettersKeptMs) return [];
        // The offsets of a re-created topic begin at 0 again, so the times have to agree with them.
        if (earlier.publishedAt > later.publishedAt || earlier.processedAt < later.processedAt) return [];
        const sentence = `The ${consumer} service handled ${later.event.type} ${later.event.id} of ${later.event.key} before ${earlier.event.type} ${earlier.event.id}, which is earlier on ${later.topic}.`;
        return [
          createFinding('handled_in_sequence', `${later.event.id}/${consumer}`, sentence, later.publishedAt),
        ];
      });
    });
  });

const checkKeys = ({ keys }: Facts, { now }: AuditTiming): Finding[] => {
  const keysOf = Map.groupBy(keys, (fact) => fact.orderId);
  return [...keysOf].flatMap(([orderId, facts]) => {
    if (facts.some(({ exists }) => !exists)) {
      return [
        createFinding(
          'one_order_per_idempotency_key',
          orderId,
          `Order ${orderId} was acknowledged but does not exist.`,
          now,
        ),
      ];
    }
    if (facts.length === 1) return [];
    const sentence = `${facts.length} idempotency keys share order ${orderId}.`;
    return [createFinding('one_order_per_idempotency_key', orderId, sentence, now)];
  });
};

/** Checks every invariant. */
export function check(facts: Facts, timing: AuditTiming): Finding[] {
  const deliveries = findOutstanding(facts);
  const activity = trackOrderActivity(facts, deliveries, timing);
  return [
    ...checkStock(facts, timing),
    ...checkStockFollowsOrder(facts, activity),
    ...checkMoney(facts, activity, timing),
    ...checkTrails(facts),
    ...checkEffects(facts, timing),
    ...checkTopics(facts, timing),
    ...checkInboxes(deliveries),
    ...checkOrderOfHandling(facts, timing),
    ...checkKeys(facts, timing),
  ];
}

/**
 * The three databases are read at slightly different times, so a finding is broken only when two consecutive audits report it;
 * after the first audit it is in flight. It keeps the earlier `since`.
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

/** Earlier findings that cannot be checked while Kafka does not answer. They keep their state. */
export function findUnchecked(before: readonly Finding[], now: readonly Finding[], facts: Facts): Finding[] {
  const offsetsRead = Object.values(facts.inboxes).every(({ committed }) => committed.size > 0);
  const unchecked = new Set<Invariant>([
    ...(facts.records ? [] : (['outbox_published', 'nothing_uncommitted'] as const)),
    ...(facts.records && offsetsRead ? [] : (['inbox_complete'] as const)),
  ]);
  const current = new Set(now.map(({ id }) => id));
  return before.filter(({ invariant, id }) => unchecked.has(invariant) && !current.has(id));
}
