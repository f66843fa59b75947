// Splits the time of an order into stages, with the commit timestamps of the three databases and the timestamps that the broker
// gave the records.
import postgres from 'postgres';
import { until } from '../stack/supervise/deadline.ts';
import { serviceNames, type ServiceName } from '../stack/topology.ts';
import type { System } from './system.ts';

export type Sqls = Readonly<Record<ServiceName, postgres.Sql>>;

export const openDatabases = (system: System): Sqls => {
  const open = (service: ServiceName): postgres.Sql =>
    postgres(system.databaseUrl(service), { max: 1, connect_timeout: 5 });
  return { order: open('order'), inventory: open('inventory'), payment: open('payment') };
};

export const closeDatabases = async (sqls: Sqls): Promise<void> => {
  await Promise.all(serviceNames.map((service) => sqls[service].end({ timeout: 5 })));
};

/** Milliseconds since 1970 at which PAID was committed, by order; only the orders that are PAID. */
export const paidAt = async (order: postgres.Sql, ids: readonly string[]): Promise<Map<string, number>> => {
  const rows = await order<{ id: string; at: number }[]>`
    select order_id as id, (extract(epoch from min(pg_xact_commit_timestamp(xmin))) * 1000)::float8 as at
    from order_events where status = 'PAID' and order_id = any (${ids}::uuid[]) group by order_id`;
  return new Map(rows.map(({ id, at }) => [id, at]));
};

/** Like `paidAt`, but waits until all of the orders are PAID. Throws a failure when the time is up. */
export const allPaidAt = (
  order: postgres.Sql,
  ids: readonly string[],
  withinMs: number,
): Promise<Map<string, number>> =>
  until({ what: `${ids.length} orders to be PAID`, withinMs, everyMs: 100 }, async () => {
    const found = await paidAt(order, ids);
    return found.size === ids.length && found;
  });

interface Emitted {
  readonly id: string;
  readonly orderId: string;
  readonly type: string;
  readonly committed: number;
}
interface Consumed {
  readonly id: string;
  readonly published: number;
  readonly started: number;
  readonly committed: number;
}

/** Milliseconds of one order, by stage. They add up to the time from its request to the commit of PAID. */
export interface Stages {
  /** From the intended start of the request to the commit of the order. */
  readonly request: number;
  /** Commit → Kafka, over the four events on the way to PAID. */
  readonly published: number;
  /** Kafka → the start of the handler, over the four events. */
  readonly delivered: number;
  /** The handlers, over the four events. */
  readonly handled: number;
  /** From the commit that stores the request to the gateway, until the commit that stores its answer. */
  readonly gateway: number;
}

const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;

/**
 * The stages of the orders that were placed at `starts` (milliseconds since 1970). Leaves out an order if one of its four events
 * was not emitted, or was not handled by the next service.
 */
export const readStages = async (
  sqls: Sqls,
  starts: ReadonlyMap<string, number>,
  since: Date,
): Promise<readonly Stages[]> => {
  const ids = [...starts.keys()];
  const emittedBy = (service: ServiceName) =>
    sqls[service].unsafe<Emitted[]>(
      `select id, aggregate_id as "orderId", event_type as type, ${ms('pg_xact_commit_timestamp(xmin)')} as committed
       from outbox where occurred_at >= $1 and aggregate_id = any ($2) order by occurred_at`,
      [since.toISOString(), ids],
    );
  const consumedBy = async (service: ServiceName): Promise<Map<string, Consumed>> => {
    const rows = await sqls[service].unsafe<Consumed[]>(
      `select event_id as id, ${ms('published_at')} as published, ${ms('processed_at')} as started,
              ${ms('pg_xact_commit_timestamp(xmin)')} as committed
       from processed_events where processed_at >= $1`,
      [since.toISOString()],
    );
    return new Map(rows.map((row) => [row.id, row]));
  };
  const [created, reserved, succeeded, byInventory, byPayment, byOrder] = await Promise.all([
    emittedBy('order'),
    emittedBy('inventory'),
    emittedBy('payment'),
    consumedBy('inventory'),
    consumedBy('payment'),
    consumedBy('order'),
  ]);
  const eventsOf = (events: readonly Emitted[], type: string) =>
    Map.groupBy(
      events.filter((event) => event.type === type),
      ({ orderId }) => orderId,
    );
  const [placements, holds, charges] = [
    eventsOf(created, 'order.created'),
    eventsOf(reserved, 'inventory.reserved'),
    eventsOf(succeeded, 'payment.succeeded'),
  ];
  return ids.flatMap((id): Stages[] => {
    const [placed] = placements.get(id) ?? [];
    const [held, pinned] = holds.get(id) ?? [];
    const [charged] = charges.get(id) ?? [];
    if (!placed || !held || !pinned || !charged) return [];
    const hops = [
      [placed, byInventory.get(placed.id)],
      [held, byPayment.get(held.id)],
      [charged, byInventory.get(charged.id)],
      [pinned, byOrder.get(pinned.id)],
    ] as const;
    const sum = (part: (event: Emitted, consumed: Consumed) => number): number =>
      hops.reduce((total, [event, consumed]) => total + (consumed ? part(event, consumed) : NaN), 0);
    const atPayment = byPayment.get(held.id)?.committed ?? NaN;
    const stages = {
      request: placed.committed - (starts.get(id) ?? NaN),
      published: sum((event, { published }) => published - event.committed),
      delivered: sum((_event, { published, started }) => started - published),
      handled: sum((_event, { started, committed }) => committed - started),
      gateway: charged.committed - atPayment,
    };
    return Object.values(stages).some(Number.isNaN) ? [] : [stages];
  });
};
