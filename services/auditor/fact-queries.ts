// The queries of an audit: one function per database, one per table for rows to which other facts refer, and one for the inboxes.
// The queries are bounded: they read the oldest open and paid orders, the orders of the latest trail rows, the latest reservations,
// payments, keys and movements, the outbox rows of the time window, and the older outbox rows that the last audit did not find on a
// topic.
import { sql, type SQL } from 'drizzle-orm';
import type { Database, Transaction } from '../platform/database/database.ts';
import type {
  HandledFact,
  InboxFacts,
  KeyFact,
  OrderFact,
  OutboxFact,
  PaymentFact,
  RepeatedMovement,
  ReservationFact,
  Service,
  TrailFact,
} from './domain/facts.ts';
import { inSnapshot, listed, ms, rowsOf } from './queries.ts';

export interface Scope {
  /** Maximum age of the outbox rows that are compared with topics and inboxes, ms. Rows that the last audit did not find on a topic
   *  may be older. */
  readonly windowMs: number;
  /** Maximum number of rows of one kind; of movements four times as many. If there are more, the newest are read; of open and paid
   *  orders the oldest, because they may be stuck. */
  readonly rows: number;
}

const orderColumns = sql`
  id::text, status, reservation_state as reservation, ${ms('reservation_expires_at')} as "expiresAt",
  payment_mode as "paymentMode", payment_state as payment, total_minor::float8 as "totalMinor", version,
  ${ms('created_at')} as "createdAt", ${ms('updated_at')} as "updatedAt"`;

const reservationColumns = sql`order_id::text as "orderId", state, ${ms('updated_at')} as "updatedAt"`;

const paymentColumns = sql`
  p.order_id::text as "orderId", p.hold, p.charge, p.charge_id as "chargeId", p.failure_code as "failureCode", p.refund,
  p.closed_by as "closedBy", ${ms('p.updated_at')} as "updatedAt",
  exists (select from transactions t where t.order_id = p.order_id and t.state in ('due', 'unknown')) as unsettled`;

type OutboxRow = Omit<OutboxFact, 'service'>;

interface OutboxPart {
  readonly outbox: readonly OutboxFact[];
  readonly since: number;
}

const readOutbox = async (
  tx: Transaction,
  service: Service,
  { windowMs, rows }: Scope,
  unpublishedIds: readonly string[],
): Promise<OutboxPart> => {
  const windowStart = Date.now() - windowMs;
  const found = await rowsOf<OutboxRow & { readonly inWindow: boolean }>(
    tx,
    sql`
      with recent as (
        select id, event_type, aggregate_id, occurred_at from outbox
        where occurred_at >= ${new Date(windowStart).toISOString()}::timestamptz
        order by occurred_at desc limit ${rows}
      )
      select id::text, event_type as type, aggregate_id as key, ${ms('occurred_at')} as at, true as "inWindow"
      from recent
      union all
      select id::text, event_type, aggregate_id, ${ms('occurred_at')}, false from outbox
      where id in ${listed(unpublishedIds)} and id not in (select id from recent)`,
  );
  const window = found.filter((row) => row.inWindow);
  const oldest = window.reduce((least, row) => Math.min(least, row.at), Infinity);
  return {
    outbox: found.map(({ id, type, key, at }) => ({ id, service, type, key, at })),
    since: window.length < rows ? windowStart : oldest + 1,
  };
};

export const readOrders = (db: Database, scope: Scope, unpublishedIds: readonly string[]) =>
  inSnapshot(db, async (tx) => {
    const orders = await rowsOf<OrderFact>(
      tx,
      sql`
        select ${orderColumns} from orders where id in (
          select order_id from (select order_id from order_events order by sequence desc limit ${scope.rows}) as recent
          union
          (select id from orders where status in ('PENDING', 'CONFIRMED') order by created_at limit ${scope.rows})
          union
          (select id from orders where status = 'PAID' order by created_at, id limit ${scope.rows})
        )`,
    );
    const trail = await rowsOf<TrailFact>(
      tx,
      sql`
        select order_id::text as "orderId", type, input_id as "inputId", outcome, status, version
        from order_events where order_id in ${listed(orders.map((order) => order.id))} order by order_id, sequence`,
    );
    const keys = await rowsOf<KeyFact>(
      tx,
      sql`
        select k.scope || ' ' || k.key as key, k.body ->> 'id' as "orderId", o.id is not null as exists
        from (select scope, key, body from idempotency_keys where scope like '% POST /api/v1/orders' and status = 201
              order by created_at desc limit ${scope.rows}) as k
        left join orders o on o.id = (k.body ->> 'id')::uuid`,
    );
    return { orders, trail, keys, ...(await readOutbox(tx, 'order', scope, unpublishedIds)) };
  });

export const readInventory = (
  db: Database,
  orderIds: Iterable<string>,
  scope: Scope,
  unpublishedIds: readonly string[],
) =>
  inSnapshot(db, async (tx) => {
    const reservations = await rowsOf<ReservationFact>(
      tx,
      sql`
        select ${reservationColumns} from reservations
        where order_id in (
          ${listed(orderIds)} union (select order_id from reservations order by order_id desc limit ${scope.rows}))`,
    );
    const repeatedMovements = await rowsOf<RepeatedMovement>(
      tx,
      sql`
        select order_id::text as "orderId", product_id as "productId", kind, count(*)::int as times
        from (select order_id, product_id, kind from stock_movements order by sequence desc limit ${scope.rows * 4}) as recent
        where order_id is not null group by order_id, product_id, kind having count(*) > 1`,
    );
    return { reservations, repeatedMovements, ...(await readOutbox(tx, 'inventory', scope, unpublishedIds)) };
  });

export const readPayments = (
  db: Database,
  orderIds: Iterable<string>,
  scope: Scope,
  unpublishedIds: readonly string[],
) =>
  inSnapshot(db, async (tx) => {
    const payments = await rowsOf<PaymentFact>(
      tx,
      sql`
        select ${paymentColumns} from payments p
        where p.order_id in (
          ${listed(orderIds)} union (select order_id from payments order by order_id desc limit ${scope.rows}))`,
    );
    return { payments, ...(await readOutbox(tx, 'payment', scope, unpublishedIds)) };
  });

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const readById = async <T extends object>(
  db: Database,
  ids: ReadonlySet<string>,
  query: (idList: SQL) => SQL,
): Promise<T[]> => (ids.size === 0 ? [] : inSnapshot(db, (tx) => rowsOf<T>(tx, query(listed(ids)))));

export const readOrdersById = (db: Database, ids: ReadonlySet<string>): Promise<OrderFact[]> =>
  readById(db, ids, (idList) => sql`select ${orderColumns} from orders where id in ${idList}`);

export const readReservationsById = (db: Database, ids: ReadonlySet<string>): Promise<ReservationFact[]> =>
  readById(
    db,
    ids,
    (idList) => sql`select ${reservationColumns} from reservations where order_id in ${idList}`,
  );

export const readPaymentsById = (db: Database, ids: ReadonlySet<string>): Promise<PaymentFact[]> =>
  readById(db, ids, (idList) => sql`select ${paymentColumns} from payments p where p.order_id in ${idList}`);

/**
 * Must be called after the outboxes and the committed offsets are read, so that an event that was just handled counts as handled.
 */
export const readInbox = (
  db: Database,
  group: string,
  eventIds: readonly string[],
  committed: InboxFacts['committed'],
): Promise<InboxFacts> =>
  inSnapshot(db, async (tx) => {
    const processed = await rowsOf<HandledFact & { readonly id: string }>(
      tx,
      sql`
        select event_id::text as id, topic, partition, "offset"::float8 as "offset",
               ${ms('published_at')} as "publishedAt", ${ms('processed_at')} as "processedAt", age(xmin) as "transactionAge"
        from processed_events where consumer = ${group} and event_id in ${listed(eventIds)}`,
    );
    const deadLettered = await rowsOf<{ readonly id: string }>(
      tx,
      sql`select event_id as id from dead_letters where consumer = ${group} and event_id in ${listed(eventIds, 'text')}`,
    );
    return {
      processed: new Map(processed.map(({ id, ...row }) => [id, row])),
      deadLettered: new Set(deadLettered.map((row) => row.id)),
      committed,
    };
  });
