// Whether an order has come to rest. Facts of several databases may only be held against each other when nothing that
// concerns the order is still on its way; before that a difference is the saga at work.
import { concernsOrder, type Delivery } from './deliveries.ts';
import type { Facts, Patience } from './facts.ts';

export interface Rest {
  /** True when no event, no gateway request and no recent change concerns the order. */
  readonly isAtRest: (orderId: string) => boolean;
  /** When one of the order's facts last changed. */
  readonly lastChange: (orderId: string) => number;
}

export function restOf(
  facts: Facts,
  deliveries: readonly Delivery[],
  { now, graceMs }: Pick<Patience, 'now' | 'graceMs'>,
): Rest {
  const moving = new Set<string>();
  for (const { event, state } of deliveries) {
    if (state !== 'gap' && concernsOrder(event.type)) moving.add(event.key);
  }
  const lastChange = (orderId: string): number =>
    Math.max(
      facts.orders.get(orderId)?.updatedAt ?? 0,
      facts.reservations.get(orderId)?.updatedAt ?? 0,
      facts.payments.get(orderId)?.updatedAt ?? 0,
    );
  return {
    lastChange,
    isAtRest: (orderId) =>
      !moving.has(orderId) &&
      facts.payments.get(orderId)?.unsettled !== true &&
      lastChange(orderId) + graceMs <= now,
  };
}
