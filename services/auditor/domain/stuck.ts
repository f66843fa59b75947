// Liveness: finds orders whose next step is overdue and is a step of the saga, not of a person. Each order is reported with the
// step that it waits for and the events that have not taken effect.
import { concernsOrder, findOutstanding } from './deliveries.ts';
import type { AuditTiming, Facts, OrderFact } from './facts.ts';

type WaitsFor = 'reservation' | 'payment' | 'pin' | 'release' | 'refund' | 'commit';

export interface StuckOrder {
  readonly orderId: string;
  readonly status: string;
  readonly waitsFor: WaitsFor;
  /** When the step was due, epoch ms. */
  readonly due: number;
  /** Events that have not taken effect, with the consumer and the reason: `order.created → inventory (gap)`. */
  readonly missing: readonly string[];
}

interface Wait {
  readonly waitsFor: WaitsFor;
  readonly from: number;
}

/** The next step of the saga; undefined when there is none or when a person has to act. */
const findWait = (order: OrderFact, now: number): Wait | undefined => {
  const { status, reservation, payment, paymentMode, expiresAt, createdAt, updatedAt } = order;
  switch (status) {
    case 'PENDING':
      return reservation === 'pending'
        ? { waitsFor: 'reservation', from: createdAt }
        : { waitsFor: payment === 'succeeded' ? 'pin' : 'payment', from: updatedAt };
    case 'CONFIRMED':
      if (payment === 'succeeded') return { waitsFor: 'pin', from: updatedAt };
      if (expiresAt !== null && expiresAt <= now) return { waitsFor: 'release', from: expiresAt };
      // MANUAL: the customer decides when to pay, until the reservation expires.
      return paymentMode === 'MANUAL' ? undefined : { waitsFor: 'payment', from: updatedAt };
    case 'FULFILLED':
      return reservation === 'committed' ? undefined : { waitsFor: 'commit', from: updatedAt };
    case 'CANCELLED':
      if (payment === 'succeeded') return { waitsFor: 'refund', from: updatedAt };
      return reservation === 'reserved' ? { waitsFor: 'release', from: updatedAt } : undefined;
    default:
      // PAID: the sellers ship.
      return undefined;
  }
};

export function findStuckOrders(facts: Facts, { now, deadlineMs }: AuditTiming): StuckOrder[] {
  const missing = Map.groupBy(
    findOutstanding(facts).filter(({ event }) => concernsOrder(event.type)),
    ({ event }) => event.key,
  );
  return [...facts.orders.values()].flatMap((order) => {
    const wait = findWait(order, now);
    if (!wait || wait.from + deadlineMs > now) return [];
    const events = (missing.get(order.id) ?? []).map(
      ({ event, consumer, state }) => `${event.type} → ${consumer} (${state.replace('_', ' ')})`,
    );
    const { id: orderId, status } = order;
    return [{ orderId, status, waitsFor: wait.waitsFor, due: wait.from + deadlineMs, missing: events }];
  });
}
