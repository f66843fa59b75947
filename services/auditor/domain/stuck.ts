// Liveness: orders that are neither over nor explicitly waiting for a person, past the time one step of the saga may take,
// with what each waits for and which events it would take.
import { concernsOrder, outstanding } from './deliveries.ts';
import type { Facts, OrderFact, Patience } from './facts.ts';

export type WaitsFor = 'reservation' | 'payment' | 'pin' | 'release' | 'refund' | 'commit';

export interface StuckOrder {
  readonly orderId: string;
  readonly status: string;
  readonly waitsFor: WaitsFor;
  /** When it should have come, epoch ms. */
  readonly due: number;
  /** Events that have not taken effect, and where: `order.created → inventory (gap)`. */
  readonly missing: readonly string[];
}

interface Wait {
  readonly waitsFor: WaitsFor;
  readonly from: number;
}

/** What the next step is; undefined when there is none or when it is a person's turn. */
const waitOf = (order: OrderFact, now: number): Wait | undefined => {
  const { status, reservation, payment, paymentMode, expiresAt, createdAt, updatedAt } = order;
  switch (status) {
    case 'PENDING':
      return reservation === 'pending'
        ? { waitsFor: 'reservation', from: createdAt }
        : { waitsFor: payment === 'succeeded' ? 'pin' : 'payment', from: updatedAt };
    case 'CONFIRMED':
      if (payment === 'succeeded') return { waitsFor: 'pin', from: updatedAt };
      if (expiresAt !== null && expiresAt <= now) return { waitsFor: 'release', from: expiresAt };
      // The customer's turn, until the hold lapses.
      return paymentMode === 'MANUAL' ? undefined : { waitsFor: 'payment', from: updatedAt };
    case 'FULFILLED':
      return reservation === 'committed' ? undefined : { waitsFor: 'commit', from: updatedAt };
    case 'CANCELLED':
      if (payment === 'succeeded') return { waitsFor: 'refund', from: updatedAt };
      return reservation === 'reserved' ? { waitsFor: 'release', from: updatedAt } : undefined;
    default:
      // PAID: the sellers' turn.
      return undefined;
  }
};

export function stuckOrders(facts: Facts, { now, deadlineMs }: Patience): StuckOrder[] {
  const missing = Map.groupBy(
    outstanding(facts).filter(({ event }) => concernsOrder(event.type)),
    ({ event }) => event.key,
  );
  return [...facts.orders.values()].flatMap((order) => {
    const wait = waitOf(order, now);
    if (!wait || wait.from + deadlineMs > now) return [];
    const events = (missing.get(order.id) ?? []).map(
      ({ event, consumer, state }) => `${event.type} → ${consumer} (${state.replace('_', ' ')})`,
    );
    const { id: orderId, status } = order;
    return [{ orderId, status, waitsFor: wait.waitsFor, due: wait.from + deadlineMs, missing: events }];
  });
}
