// Determines whether an event, request or change of an order is still in flight. During that time, a difference between databases
// is normal progress of the saga, so a finding about the order gets the state `in_flight`, not `broken`.
import { concernsOrder, type Delivery } from './deliveries.ts';
import type { AuditTiming, Facts } from './facts.ts';

export interface OrderActivity {
  /** True while an event of the order is undelivered or a dead letter, a gateway request is open, or the last change is recent. */
  readonly isInFlight: (orderId: string) => boolean;
  /** When the order, its reservation or its payment last changed. */
  readonly lastChange: (orderId: string) => number;
}

export function trackOrderActivity(
  facts: Facts,
  deliveries: readonly Delivery[],
  { now, graceMs }: Pick<AuditTiming, 'now' | 'graceMs'>,
): OrderActivity {
  const withEvents = new Set<string>();
  for (const { event, state } of deliveries) {
    if (state !== 'gap' && concernsOrder(event.type)) withEvents.add(event.key);
  }
  const lastChange = (orderId: string): number =>
    Math.max(
      facts.orders.get(orderId)?.updatedAt ?? 0,
      facts.reservations.get(orderId)?.updatedAt ?? 0,
      facts.payments.get(orderId)?.updatedAt ?? 0,
    );
  return {
    lastChange,
    isInFlight: (orderId) =>
      withEvents.has(orderId) ||
      facts.payments.get(orderId)?.unsettled === true ||
      lastChange(orderId) + graceMs > now,
  };
}
