// Counts the events and deliveries of the last minute, and the results of the orders of the last 15 minutes. The numbers come from
// the databases, so only committed work counts.
import { sql } from 'drizzle-orm';
import type { Database } from '../../platform/database/database.ts';
import { everyService, type Service } from '../domain/facts.ts';
import { ms, rowsOf } from '../queries.ts';

export interface Flow {
  readonly services: readonly ServiceFlow[];
  readonly orders: OrdersFlow;
}

interface ServiceFlow {
  readonly service: Service;
  /** Events committed to the outbox of the service in the last minute. */
  readonly emitted: number;
  /** Deliveries that the service handled in the last minute, by topic. */
  readonly consumed: readonly { readonly topic: string; readonly deliveries: number }[];
  readonly parkedDeadLetters: number;
}

/** Counts of the orders that were placed within the window. */
interface OrdersFlow {
  readonly windowMinutes: number;
  readonly placed: number;
  readonly placedLastMinute: number;
  /**
   * `confirmed`, `paid` and `fulfilled`: orders that have reached the status, even if another status followed. `confirmed` includes
   * orders that became PAID without CONFIRMED.
   */
  readonly confirmed: number;
  readonly paid: number;
  readonly fulfilled: number;
  readonly cancelled: readonly { readonly reason: string; readonly orders: number }[];
  /**
   * Time from placing to PAID, ms; null when no such order was paid. Orders with manual payment are left out: they wait for a
   * person.
   */
  readonly toPaidMs: { readonly p50: number; readonly p95: number; readonly p99: number } | null;
  /** Number of the orders in `dueForPayment` that were PAID within the objective. */
  readonly paidInTime: number;
  /** Orders with automatic payment that have reached PAID, or that are open, unpaid and older than the objective. */
  readonly dueForPayment: number;
  /** Unpaid open orders with automatic payment that are older than the objective, and the age of the oldest, ms. */
  readonly waiting: { readonly orders: number; readonly oldestMs: number };
}

const windowMinutes = 15;
/**
 * The time limit of the service level objective in connectors/alerts/slo.yml. The objective counts orders that are PAID or
 * CANCELLED in time. This file counts only PAID, and leaves out orders that were cancelled before they were paid.
 */
const objectiveMs = 2_000;
/** Limits the cost of the query: if there are more orders, only the newest are counted. */
const maxOrders = 20_000;

const readService = async (service: Service, db: Database): Promise<ServiceFlow> => {
  const [[emitted], consumed, [deadLettered]] = await Promise.all([
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
    rowsOf<{ deadLetters: number }>(
      db,
      sql`select count(*)::float8 as "deadLetters" from dead_letters where state = 'parked'`,
    ),
  ]);
  return {
    service,
    emitted: emitted?.events ?? 0,
    consumed,
    parkedDeadLetters: deadLettered?.deadLetters ?? 0,
  };
};

type OrdersRow = Omit<OrdersFlow, 'windowMinutes' | 'cancelled' | 'toPaidMs' | 'waiting'> & {
  readonly quantiles: readonly number[] | null;
  readonly waitingOrders: number;
  readonly waitingMs: number;
};

const readOrders = async (db: Database): Promise<OrdersFlow> => {
  const recent = sql`
    select id, status, cancellation_reason, payment_mode, created_at from orders
    where created_at >= now() - ${`${windowMinutes} minutes`}::interval
    order by created_at desc, id desc limit ${maxOrders}`;
  const duration = sql`${ms('paid_at')} - ${ms('created_at')}`;
  const automatic = sql`payment_mode = 'AUTO' and paid_at is not null`;
  const late = sql`payment_mode = 'AUTO' and status in ('PENDING', 'CONFIRMED')
    and created_at < now() - ${`${objectiveMs} milliseconds`}::interval`;
  const [[counted], cancelled] = await Promise.all([
    rowsOf<OrdersRow>(
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
               to_json(percentile_cont(array[0.5, 0.95, 0.99]) within group (order by ${duration})
                 filter (where ${automatic})) as quantiles,
               count(*) filter (where ${automatic} and ${duration} <= ${objectiveMs})::float8 as "paidInTime",
               count(*) filter (where ${automatic} or (${late}))::float8 as "dueForPayment",
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
    dueForPayment: 0,
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
