// The ways that an order may take: which status may follow which, and which end fits what happened to it.
import type { PaymentMode } from '../../../schemas/generated/events.ts';
import type { OrderStatus } from '../../../services/order/domain/order.ts';

/** What may follow a status, also with inputs in between that change no status. */
export const legal: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  PENDING: ['PENDING', 'CONFIRMED', 'PAID', 'CANCELLED'],
  CONFIRMED: ['CONFIRMED', 'PAID', 'CANCELLED'],
  PAID: ['PAID', 'FULFILLED', 'CANCELLED'],
  FULFILLED: ['FULFILLED'],
  CANCELLED: ['CANCELLED'],
};

/** What befell one order from outside, as far as it took effect. */
export interface Befallen {
  readonly mode: PaymentMode;
  readonly sellers: ReadonlySet<string>;
  /** Sellers who shipped their lines. */
  readonly shippedBy: ReadonlySet<string>;
  /** Its customer cancelled it. */
  readonly cancelled: boolean;
  /** Its customer paid by hand. */
  readonly paid: boolean;
  /** The provider refused its card. */
  readonly declined: boolean;
  /** Its hold or its deadline ran out before it was PAID. */
  readonly late: boolean;
}
export interface End {
  readonly status: OrderStatus;
  readonly reason: string | null;
}

/** Why an order that came to rest cannot have come to this end, or nothing when it can. */
export function impossibleEnd(befallen: Befallen, { status, reason }: End): string | undefined {
  const { mode, sellers, shippedBy, cancelled, paid, declined, late } = befallen;
  const wrong: Readonly<Record<string, boolean>> = {
    'it has no end': status === 'PENDING' || status === 'CONFIRMED',
    'its customer cancelled it, and nothing else can be the reason':
      cancelled !== (reason === 'customer_cancelled'),
    'no card was refused': reason === 'payment_failed' && !declined,
    'it was not late': reason === 'reservation_expired' && !late,
    'its card was refused': declined && status !== 'CANCELLED',
    'nobody paid for it': mode === 'MANUAL' && !paid && (status === 'PAID' || status === 'FULFILLED'),
    'some of it is shipped': shippedBy.size > 0 && status === 'CANCELLED',
    'FULFILLED is what all its sellers have shipped':
      (status === 'FULFILLED') !== [...sellers].every((seller) => shippedBy.has(seller)),
  };
  return Object.entries(wrong).find(([, isSo]) => isSo)?.[0];
}
