// Reads the facts of one audit: a short read-only transaction at repeatable read per database, the provider's ledger over HTTP,
// and the topics. The invariant: what is read is bounded, and nothing here can write, because the roles cannot.
import type { Database } from '../platform/database/database.ts';
import { everyService, type Facts, type Service } from './domain/facts.ts';
import type { TopicLog } from './topic-log.ts';
import {
  type Scope,
  readOrders,
  readInventory,
  readPayments,
  uuid,
  readMentioned,
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

const groupOf = (service: Service): string => `${service}-service-group`;

const topicsWithinMs = 4_000;

/** Takes one look. `carried`: ids of outbox rows to look at although they may be older than the window. */
export async function readFacts(
  { databases, gatewayUrl, topics, stock }: Sources,
  scope: Scope,
  carried: readonly string[],
): Promise<Facts> {
  const order = await readOrders(databases.order, scope, carried);
  const orders = new Map(order.orders.map((fact) => [fact.id, fact]));
  const [inventory, stockFacts, payment] = await Promise.all([
    readInventory(databases.inventory, orders.keys(), scope, carried),
    stock.read(),
    readPayments(databases.payment, orders.keys(), scope, carried),
  ]);
  const charges = await readLedger(gatewayUrl, scope.rows);
  const mentioned = new Set(
    [
      ...inventory.reservations.map((fact) => fact.orderId),
      ...payment.payments.map((fact) => fact.orderId),
      ...charges.map((charge) => charge.reference),
    ].filter((id) => uuid.test(id) && !orders.has(id)),
  );
  for (const fact of await readMentioned(databases.order, mentioned)) orders.set(fact.id, fact);

  const records = await topics.read(topicsWithinMs);
  // What the log has already forgotten is not held against the topics.
  const complete = topics.completeSince();
  const since = {
    order: Math.max(order.since, complete),
    inventory: Math.max(inventory.since, complete),
    payment: Math.max(payment.since, complete),
  };
  const outbox = [order, inventory, payment]
    .flatMap((part) => part.outbox)
    .filter(({ at }) => at >= complete);
  const ids = outbox.map((row) => row.id);
  // Read before the inboxes: whatever lies before a position has been claimed by then, or never will be.
  const committed = await topics.committed(everyService.map(groupOf));
  const inbox = (service: Service) =>
    readInbox(databases[service], groupOf(service), ids, committed.get(groupOf(service)) ?? new Map());
  const [ofOrder, ofInventory, ofPayment] = await Promise.all([
    inbox('order'),
    inbox('inventory'),
    inbox('payment'),
  ]);
  return {
    orders,
    trail: order.trail,
    keys: order.keys,
    reservations: new Map(inventory.reservations.map((fact) => [fact.orderId, fact])),
    stock: stockFacts,
    repeatedMovements: inventory.repeatedMovements,
    payments: new Map(payment.payments.map((fact) => [fact.orderId, fact])),
    charges,
    outbox,
    since,
    records,
    inboxes: { order: ofOrder, inventory: ofInventory, payment: ofPayment },
  };
}
