// What flows through the system at present: events and deliveries of the last minute, and what became of the orders of the last
// quarter of an hour. Read from the databases, so the figures are those of what was committed and not of what was attempted.
import { sql } from 'drizzle-orm';
import type { Database } from '../../platform/database/database.ts';
import { everyService, type Service } from '../domain/facts.ts';
import { ms, rowsOf } from '../queries.ts';

export interface Flow {
  readonly services: readonly ServiceFlow[];
  readonly orders: OrdersFlow;
}

export interface ServiceFlow {
  readonly service: Service;
  /** Events that were committed to its outbox in the last minute. */
  readonly emitted: number;
  /** Deliveries that its transactions took in the last minute, by topic. */
  readonly consumed: readonly { readonly topic: string; readonly deliveries: number }[];
  readonly parkedDeadLetters: number;
}

/** Of the orders that were placed within the window. */
export interface OrdersFlow {
  readonly windowMinutes: number;
  readonly placed: number;
  readonly placedLastMinute: number;
  /** Those that reached this status, whatever came after it. */
  readonly confirmed: number;
  readonly paid: number;
  readonly fulfilled: number;
  readonly cancelled: readonly { readonly reason: string; readonly orders: number }[];
  /** From placed to PAID, milliseconds; null when none was paid. Manual payments are left out: a person decides when. */
  readonly toPaidMs: { readonly p50: number; readonly p95: number; readonly p99: number } | null;
  /** Of the orders that are charged at once and should be PAID by now: how many were in time, and how many there are. */
  readonly paidInTime: number;
  readonly paidAutomatically: number;
  /** Orders that are charged at once, are open, and take longer than the objective allows; the age of the oldest, milliseconds. */
  readonly waiting: { readonly orders: number; readonly oldestMs: number };
}

const windowMinutes = 15;
/** The objective that README and alerts name: PAID within two seconds. */
const inTimeMs = 2_000;
/** Of a busier shop, the newest are a fair sample. */
const ordersLookedAt = 20_000;

const readService = async (service: Service, db: Database): Promise<ServiceFlow> => {
  const [[emitted], consumed, [parked]] = await Promise.all([
    rowsOf<{ events: number }>(
      db,
      sql`select count(*)::float8 as events from outbox where occurred_at >= now() - interval '1 minute'`,
    ),
    rowsOf<{ topic: string; deliveries: number }>(
      db,
      sql`
        select topic, count(*)::float8 as deliveries from processed_events
        where processed_at >= now() - interval '1 minute' group by topic order by topic`,
    ),
    rowsOf<{ letters: number }>(
      db,
      sql`select count(*)::float8 as letters from dead_letters where state = 'parked'`,
    ),
  ]);
  return {
    service,
    emitted: emitted?.events ?? 0,
    consumed,
    parkedDeadLetters: parked?.letters ?? 0,
  };
};

interface Counted {
  readonly placed: number;
  readonly placedLastMinute: number;
  readonly confirmed: number;
  readonly paid: number;
  readonly fulfilled: number;
  readonly quantiles: readonly number[] | null;
  readonly paidInTime: number;
  readonly paidAutomatically: number;
  readonly waitingOrders: number;
  readonly waitingMs: number;
}

const readOrders = async (db: Database): Promise<OrdersFlow> => {
  const recent = sql`
    select id, status, cancellation_reason, payment_mode, created_at from orders
    where created_at >= now() - ${`${windowMinutes} minutes`}::interval
    order by created_at desc, id desc limit ${ordersLookedAt}`;
  const took = sql`${ms('paid_at')} - ${ms('created_at')}`;
  const automatic = sql`payment_mode = 'AUTO' and paid_at is not null`;
  const late = sql`payment_mode = 'AUTO' and status in ('PENDING', 'CONFIRMED')
    and created_at < now() - ${`${inTimeMs} milliseconds`}::interval`;
  const [[counted], cancelled] = await Promise.all([
    rowsOf<Counted>(
      db,
      sql`
        with recent as (${recent}),
        reached as (
          select r.id, r.status, r.payment_mode, r.created_at,
                 min(e.recorded_at) filter (where e.status = 'CONFIRMED') as confirmed_at,
                 min(e.recorded_at) filter (where e.status = 'PAID') as paid_at
          from recent r left join order_events e on e.order_id = r.id
          group by r.id, r.status, r.payment_mode, r.created_at
        )
        select count(*)::float8 as placed,
               count(*) filter (where created_at >= now() - interval '1 minute')::float8 as "placedLastMinute",
               count(*) filter (where confirmed_at is not null or paid_at is not null)::float8 as confirmed,
               count(*) filter (where paid_at is not null)::float8 as paid,
               count(*) filter (where status = 'FULFILLED')::float8 as fulfilled,
               percentile_cont(array[0.5, 0.95, 0.99]) within group (order by ${took})
                 filter (where ${automatic}) as quantiles,
               count(*) filter (where ${automatic} and ${took} <= ${inTimeMs})::float8 as "paidInTime",
               count(*) filter (where ${automatic} or (${late}))::float8 as "paidAutomatically",
               count(*) filter (where ${late})::float8 as "waitingOrders",
               coalesce(max(${ms('now()')} - ${ms('created_at')}) filter (where ${late}), 0) as "waitingMs"
        from reached`,
    ),
    rowsOf<{ reason: string; orders: number }>(
      db,
      sql`
        with recent as (${recent})
        select cancellation_reason as reason, count(*)::float8 as orders from recent
        where status = 'CANCELLED' group by cancellation_reason order by count(*) desc`,
    ),
  ]);
  const { quantiles, waitingOrders, waitingMs, ...counts } = counted ?? {
    placed: 0,
    placedLastMinute: 0,
    confirmed: 0,
    paid: 0,
    fulfilled: 0,
    quantiles: null,
    paidInTime: 0,
    paidAutomatically: 0,
    waitingOrders: 0,
    waitingMs: 0,
  };
  const [p50, p95, p99] = quantiles ?? [];
  return {
    ...counts,
    waiting: { orders: waitingOrders, oldestMs: Math.round(waitingMs) },
    windowMinutes,
    cancelled,
    toPaidMs: p50 === undefined || p95 === undefined || p99 === undefined ? null : { p50, p95, p99 },
  };
};

export const readFlow = async (databases: Readonly<Record<Service, Database>>): Promise<Flow> => {
  const [orders, ...services] = await Promise.all([
    readOrders(databases.order),
    ...everyService.map((service) => readService(service, databases[service])),
  ]);
  return { orders, services };
};
