// Reconciliation: what the services and the provider say of the same order, side by side, by class of difference, each with
// the service that has to say something again. A difference that no event can mend is for a person.
import { concernsOrder, outstanding, unpublished } from './deliveries.ts';
import type {
  Facts,
  OrderFact,
  OutboxFact,
  PaymentFact,
  Patience,
  ReservationFact,
  Service,
} from './facts.ts';
import { restOf } from './rest.ts';

export type MismatchClass =
  | 'order_without_reservation'
  | 'order_without_payment'
  | 'reservation_without_order'
  | 'payment_without_order'
  | 'charge_without_payment'
  | 'refund_missing'
  | 'order_behind_reservation'
  | 'order_behind_payment'
  | 'reservation_behind_order'
  | 'reservation_behind_payment'
  | 'payment_behind_order'
  | 'payment_behind_reservation'
  | 'outbox_id_not_on_topic'
  | 'topic_id_not_in_outbox'
  | 'inbox_gap'
  | 'dead_letter';

export interface Mismatch {
  readonly class: MismatchClass;
  readonly key: string;
  readonly sentence: string;
  /** The service that says its state of this order again; null when a person has to look. */
  readonly remedy: { readonly service: Service; readonly orderId: string } | null;
}

const mismatch = (
  kind: MismatchClass,
  key: string,
  sentence: string,
  service: Service | null,
  orderId = key,
): Mismatch => ({ class: kind, key, sentence, remedy: service && { service, orderId } });

const unpaid = (order: OrderFact): boolean => order.payment === 'none' || order.payment === 'pending';
const isOver = (order: OrderFact): boolean => order.status === 'CANCELLED' || order.status === 'FULFILLED';
const isLive = (state: string): boolean => state === 'reserved' || state === 'pinned';

const ofReservation = (order: OrderFact, held: ReservationFact | undefined): Mismatch[] => {
  const { id, status } = order;
  if (!held) {
    // Cancelled before anything was held: nothing is missing.
    if (status === 'CANCELLED') return [];
    return [
      mismatch('order_without_reservation', id, `Order ${id} is ${status} without a reservation.`, 'order'),
    ];
  }
  const says = `Order ${id} is ${status} with its reservation ${order.reservation}; inventory says ${held.state}.`;
  if (status === 'CANCELLED' && isLive(held.state)) {
    return [mismatch('reservation_behind_order', id, says, 'order')];
  }
  if (status === 'FULFILLED' && isLive(held.state)) {
    return [mismatch('reservation_behind_order', id, says, 'order')];
  }
  const known =
    (held.state === 'reserved' && order.reservation === 'reserved') ||
    (held.state === 'pinned' && order.reservation === 'reserved' && order.expiresAt === null) ||
    held.state === order.reservation;
  if (known || (status === 'CANCELLED' && order.reservation !== 'reserved')) return [];
  return [mismatch('order_behind_reservation', id, says, held.state === 'failed' ? null : 'inventory')];
};

const ofPayment = (
  order: OrderFact,
  payment: PaymentFact | undefined,
  held: ReservationFact | undefined,
): Mismatch[] => {
  const { id, status } = order;
  if (!payment) {
    if (status === 'CANCELLED') return [];
    return [mismatch('order_without_payment', id, `Order ${id} is ${status} without a payment.`, 'order')];
  }
  const says = `Order ${id} is ${status}, its payment ${order.payment}; payment says charge ${payment.charge}, refund ${payment.refund}.`;
  if (payment.refund === 'succeeded') {
    return order.payment === 'refunded' || order.payment === 'failed'
      ? []
      : [mismatch('order_behind_payment', id, says, 'payment')];
  }
  if (payment.charge === 'succeeded' && unpaid(order)) {
    return [mismatch('order_behind_payment', id, says, 'payment')];
  }
  const refused = payment.charge === 'failed' && payment.failureCode !== 'not_attempted';
  if (refused && unpaid(order) && !isOver(order)) {
    return [mismatch('order_behind_payment', id, says, 'payment')];
  }
  if (status === 'CANCELLED' && payment.closedBy === null && payment.charge !== 'failed') {
    return [mismatch('payment_behind_order', id, says, 'order')];
  }
  if (payment.charge === 'succeeded' && held?.state === 'reserved') {
    return [mismatch('reservation_behind_payment', id, says, 'payment')];
  }
  if (held && isLive(held.state) && payment.hold === 'unknown' && !isOver(order)) {
    return [mismatch('payment_behind_reservation', id, says, 'inventory')];
  }
  return [];
};

const ofProvider = ({ charges, orders, payments }: Facts, isAtRest: (id: string) => boolean): Mismatch[] =>
  charges
    .filter((charge) => charge.amountMinor > charge.refundedMinor)
    .flatMap(({ id, reference, amountMinor }) => {
      const payment = payments.get(reference);
      if (payment && !isAtRest(reference)) return [];
      if (payment?.chargeId !== id) {
        const sentence = `The provider's charge ${id} of ${amountMinor} for ${reference} belongs to no payment.`;
        return [mismatch('charge_without_payment', id, sentence, null)];
      }
      if (orders.get(reference)?.status !== 'CANCELLED') return [];
      const sentence = `Order ${reference} is cancelled, and the provider still holds ${amountMinor}.`;
      return [mismatch('refund_missing', reference, sentence, payment.closedBy === null ? 'order' : null)];
    });

const ofEvents = (facts: Facts, { now, graceMs }: Patience): Mismatch[] => {
  const remedyFor = ({ service, type }: OutboxFact): Service | null => (concernsOrder(type) ? service : null);
  const late = unpublished(facts)
    .filter(({ at }) => at + graceMs <= now)
    .map((event) => {
      const sentence = `${event.type} ${event.id} of ${event.key} is in the outbox only.`;
      return mismatch('outbox_id_not_on_topic', event.id, sentence, remedyFor(event), event.key);
    });
  const passedOver = outstanding(facts).flatMap(({ event, consumer, state }) => {
    const says = `${event.type} ${event.id} of ${event.key} ${state === 'gap' ? 'was passed over by' : 'is parked at'} ${consumer}.`;
    switch (state) {
      case 'gap':
        return [mismatch('inbox_gap', event.id, says, remedyFor(event), event.key)];
      case 'parked':
        return [mismatch('dead_letter', event.id, says, null)];
      case 'under_way':
        return [];
      default:
        return state satisfies never;
    }
  });
  const committed = new Set(facts.outbox.map((row) => row.id));
  const foreign = [...(facts.records?.values() ?? [])]
    .filter(({ id, at, topic }) => {
      const since = new Map<string, number>(
        Object.entries(facts.since).map(([service, from]) => [`${service}-events`, from]),
      );
      return !committed.has(id) && at >= (since.get(topic) ?? Infinity) && at + graceMs <= now;
    })
    .map(({ id, topic, partition, offset }) => {
      const sentence = `${topic} ${partition}/${offset} has ${id}, which the outbox does not have.`;
      return mismatch('topic_id_not_in_outbox', id, sentence, null);
    });
  return [...late, ...passedOver, ...foreign];
};

/** Every difference that no event on its way will mend. */
export function mismatches(facts: Facts, patience: Patience): Mismatch[] {
  const { isAtRest } = restOf(facts, outstanding(facts), patience);
  const ofOrders = [...facts.orders.values()]
    .filter((order) => isAtRest(order.id))
    .flatMap((order) => {
      const held = facts.reservations.get(order.id);
      return [...ofReservation(order, held), ...ofPayment(order, facts.payments.get(order.id), held)];
    });
  const orphans = [
    ...[...facts.reservations.keys()].map((id) => ['reservation_without_order', id] as const),
    ...[...facts.payments.keys()].map((id) => ['payment_without_order', id] as const),
  ]
    .filter(([, id]) => !facts.orders.has(id) && isAtRest(id))
    .map(([kind, id]) => mismatch(kind, id, `${id} is ${kind.replaceAll('_', ' ')}.`, null));
  return [...ofOrders, ...orphans, ...ofProvider(facts, isAtRest), ...ofEvents(facts, patience)];
}
