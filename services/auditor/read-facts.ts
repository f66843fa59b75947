// Reads the facts of one audit from the databases (short read-only transactions at repeatable read), the provider's ledger over
// HTTP, and the topics. Each transaction reads a bounded number of rows.
import type { Database } from '../platform/database/database.ts';
import { consumerGroupOf, everyService, type Facts, type Service } from './domain/facts.ts';
import type { TopicLog } from './topic-log.ts';
import {
  type Scope,
  readOrders,
  readInventory,
  readPayments,
  uuid,
  readOrdersById,
  readReservationsById,
  readPaymentsById,
  readInbox,
} from './fact-queries.ts';
import { readLedger } from './provider-ledger.ts';
import type { StockLedger } from './stock-ledger.ts';

export interface Sources {
  readonly databases: Readonly<Record<Service, Database>>;
  readonly gatewayUrl: string;
  readonly topics: TopicLog;
  readonly stock: StockLedger;
}

const topicsTimeoutMs = 4_000;

/**
 * @param unpublishedIds Ids of the outbox rows that the last audit did not find on a topic; these rows are read even if they are
 * older than the window.
 */
export async function readFacts(
  { databases, gatewayUrl, topics, stock }: Sources,
  scope: Scope,
  unpublishedIds: readonly string[],
): Promise<Facts> {
  const order = await readOrders(databases.order, scope, unpublishedIds);
  const orders = new Map(order.orders.map((fact) => [fact.id, fact]));
  const [inventory, stockFacts, payment] = await Promise.all([
    readInventory(databases.inventory, orders.keys(), scope, unpublishedIds),
    stock.read(),
    readPayments(databases.payment, orders.keys(), scope, unpublishedIds),
  ]);
  // Read after the payments, so that the charge of a paid order is in the ledger.
  const { charges, chargesSince } = await readLedger(gatewayUrl, scope.rows);
  const reservations = new Map(inventory.reservations.map((fact) => [fact.orderId, fact]));
  const payments = new Map(payment.payments.map((fact) => [fact.orderId, fact]));
  // Facts are compared only per order, so an order to which one fact refers needs all its facts.
  const referenced = [
    ...reservations.keys(),
    ...payments.keys(),
    ...charges.map((charge) => charge.reference).filter((id) => uuid.test(id)),
  ];
  const missingIn = (known: ReadonlyMap<string, unknown>): ReadonlySet<string> =>
    new Set(referenced.filter((id) => !known.has(id)));
  const [moreOrders, moreReservations, morePayments] = await Promise.all([
    readOrdersById(databases.order, missingIn(orders)),
    readReservationsById(databases.inventory, missingIn(reservations)),
    readPaymentsById(databases.payment, missingIn(payments)),
  ]);
  for (const fact of moreOrders) orders.set(fact.id, fact);
  for (const fact of moreReservations) reservations.set(fact.orderId, fact);
  for (const fact of morePayments) payments.set(fact.orderId, fact);

  const records = await topics.read(topicsTimeoutMs);
  // Older entries may have been evicted from the log, so older outbox rows are left out, except those that were never published.
  const complete = topics.completeSince();
  const since = {
    order: Math.max(order.since, complete),
    inventory: Math.max(inventory.since, complete),
    payment: Math.max(payment.since, complete),
  };
  const unpublished = new Set(unpublishedIds);
  const outbox = [order, inventory, payment]
    .flatMap((part) => part.outbox)
    .filter(({ id, at }) => at >= complete || unpublished.has(id));
  const ids = outbox.map((row) => row.id);
  // Read before the inboxes: an event before a committed offset has an inbox row or a dead letter by then, or was skipped.
  const committed = await topics.committed(everyService.map(consumerGroupOf));
  const inbox = (service: Service) =>
    readInbox(
      databases[service],
      consumerGroupOf(service),
      ids,
      committed.get(consumerGroupOf(service)) ?? new Map(),
    );
  const [ofOrder, ofInventory, ofPayment] = await Promise.all([
    inbox('order'),
    inbox('inventory'),
    inbox('payment'),
  ]);
  return {
    orders,
    trail: order.trail,
    trailOrderIds: new Set(order.orders.map(({ id }) => id)),
    keys: order.keys,
    reservations,
    stock: stockFacts,
    repeatedMovements: inventory.repeatedMovements,
    payments,
    charges,
    chargesSince,
    outbox,
    since,
    records,
    inboxes: { order: ofOrder, inventory: ofInventory, payment: ofPayment },
  };
}
