// Reads the audit trail of an order for streams and waits. The inputs of an order are handled one after the other, under the lock
// of its row. So within one order, the sequence numbers rise with each commit, and no entry with a lower number appears later.
// Across orders, an entry with a lower number can appear later.
import { and, asc, eq, gt, sql } from 'drizzle-orm';
import { orderEvents, orders } from '../../../drizzle/order/schema.ts';
import type { Database } from '../../platform/database/database.ts';
import { oneOf } from '../../platform/database/one-of.ts';
import type { OrderStatus } from '../domain/order.ts';
import { publicOutcome, visibleTo, type Viewer } from '../order-queries.ts';

const statusOf = oneOf<OrderStatus>('PENDING', 'CONFIRMED', 'PAID', 'FULFILLED', 'CANCELLED');

/** The newest entry of an order's trail. */
export interface TrailHead {
  readonly orderId: string;
  readonly sequence: number;
  readonly status: OrderStatus;
}

/** The newest entry of the trail, with sequence 0 if the trail is empty. Undefined if the viewer may not see the order. */
export async function findTrailHead(
  db: Database,
  orderId: string,
  viewer: Viewer,
): Promise<TrailHead | undefined> {
  const [row] = await db
    .select({
      orderId: orders.id,
      status: orders.status,
      sequence: sql<string>`coalesce((select max(sequence) from order_events where order_id = orders.id), 0)`,
    })
    .from(orders)
    .where(and(eq(orders.id, orderId), visibleTo(db, viewer)));
  return row && { ...row, sequence: Number(row.sequence), status: statusOf(row.status) };
}

/** The fields of an entry that every viewer of the order may see: not the actor, and not the reason of a repair. */
export interface TrailEntry {
  readonly sequence: number;
  readonly type: string;
  readonly outcome: string;
  readonly status: OrderStatus;
  readonly version: number;
  readonly occurredAt: Date;
}

/** Up to `limit` entries after the sequence number `after`, oldest first. */
export async function readTrailAfter(
  db: Database,
  orderId: string,
  after: number,
  limit: number,
): Promise<TrailEntry[]> {
  const rows = await db
    .select({
      sequence: orderEvents.sequence,
      type: orderEvents.type,
      outcome: orderEvents.outcome,
      status: orderEvents.status,
      version: orderEvents.version,
      occurredAt: orderEvents.occurredAt,
    })
    .from(orderEvents)
    .where(and(eq(orderEvents.orderId, orderId), gt(orderEvents.sequence, after)))
    .orderBy(asc(orderEvents.sequence))
    .limit(limit);
  return rows.map((row) => ({
    ...row,
    status: statusOf(row.status),
    outcome: publicOutcome(row),
  }));
}

/** An order and the sequence number of the last entry that the waiter has; 0 if it has no entry. */
export interface Watched {
  readonly orderId: string;
  readonly after: number;
}

/** The newest entry of each watched order that has new entries. One statement with one index lookup per order. */
export async function readNewHeads(db: Database, watched: readonly Watched[]): Promise<TrailHead[]> {
  const rows = await db.execute<{ order_id: string; sequence: string; status: string }>(sql`
    select watched."orderId" as order_id, head.sequence::text as sequence, head.status
    from json_to_recordset(${JSON.stringify(watched)}::json) as watched("orderId" uuid, "after" bigint)
    cross join lateral (
      select sequence, status from order_events where order_id = watched."orderId" order by sequence desc limit 1
    ) as head
    where head.sequence > watched."after"`);
  return rows.map((row) => ({
    orderId: row.order_id,
    sequence: Number(row.sequence),
    status: statusOf(row.status),
  }));
}
