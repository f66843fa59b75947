// Reconciliation: compares the state of each order in the services and at the provider. Each difference has a class and names the
// service that can repair it by emitting its state again. If no event can repair it, a person has to.
import { concernsOrder, findOutstanding, findUncommitted, findUnpublished } from './deliveries.ts';
import {
  isLive,
  type AuditTiming,
  type Facts,
  type OrderFact,
  type OutboxFact,
  type PaymentFact,
  type ReservationFact,
  type Service,
} from './facts.ts';
import { trackOrderActivity } from './order-activity.ts';

type MismatchClass =
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
  /** The service that has to emit its state of this order again; null when a person has to repair it. */
  readonly remedy: { readonly service: Service; readonly orderId: string } | null;
}

const createMismatch = (
  kind: MismatchClass,
  key: string,
  sentence: string,
  service: Service | null,
  orderId = key,
): Mismatch => ({ class: kind, key, sentence, remedy: service && { service, orderId } });

const isUnpaid = (order: OrderFact): boolean => order.payment === 'none' || order.payment === 'pending';
const isOver = (order: OrderFact): boolean => order.status === 'CANCELLED' || order.status === 'FULFILLED';

const compareReservation = (order: OrderFact, held: ReservationFact | undefined): Mismatch[] => {
  const { id, status } = order;
  const differ = (kind: MismatchClass, sentence: string, service: Service | null = 'order') => [
    createMismatch(kind, id, sentence, service),
  ];
  if (!held) {
    // The order may have been cancelled before inventory reserved anything.
    if (status === 'CANCELLED') return [];
    return differ('order_without_reservation', `Order ${id} is ${status} without a reservation.`);
  }
  const sentence = `Order ${id} is ${status} and records its reservation as ${order.reservation}; in inventory the reservation is ${held.state}.`;
  if (isOver(order) && isLive(held.state)) return differ('reservation_behind_order', sentence);
  const isKnown =
    (held.state === 'reserved' && order.reservation === 'reserved') ||
    (held.state === 'pinned' && order.reservation === 'reserved' && order.expiresAt === null) ||
    held.state === order.reservation;
  if (isKnown || (status === 'CANCELLED' && order.reservation !== 'reserved')) return [];
  return differ('order_behind_reservation', sentence, held.state === 'failed' ? null : 'inventory');
};

const comparePayment = (
  order: OrderFact,
  payment: PaymentFact | undefined,
  held: ReservationFact | undefined,
): Mismatch[] => {
  const { id, status } = order;
  if (!payment) {
    if (status === 'CANCELLED') return [];
    return [
      createMismatch('order_without_payment', id, `Order ${id} is ${status} without a payment.`, 'order'),
    ];
  }
  const sentence = `Order ${id} is ${status} and records its payment as ${order.payment}; in payment the charge is ${payment.charge}, the refund ${payment.refund}.`;
  const differ = (kind: MismatchClass, service: Service) => [createMismatch(kind, id, sentence, service)];
  if (payment.refund === 'succeeded') {
    const isKnown = order.payment === 'refunded' || order.payment === 'failed';
    return isKnown ? [] : differ('order_behind_payment', 'payment');
  }
  const isDeclined = payment.charge === 'failed' && payment.failureCode !== 'not_attempted';
  if (isUnpaid(order) && (payment.charge === 'succeeded' || (isDeclined && !isOver(order))))
    return differ('order_behind_payment', 'payment');
  if (status === 'CANCELLED' && payment.closedBy === null && payment.charge !== 'failed')
    return differ('payment_behind_order', 'order');
  if (payment.charge === 'succeeded' && held?.state === 'reserved')
    return differ('reservation_behind_payment', 'payment');
  if (held && isLive(held.state) && payment.hold === 'unknown' && !isOver(order))
    return differ('payment_behind_reservation', 'inventory');
  return [];
};

const compareCharges = (
  { charges, orders, payments }: Facts,
  isInFlight: (id: string) => boolean,
): Mismatch[] =>
  charges
    .filter((charge) => charge.amountMinor > charge.refundedMinor)
    .flatMap(({ id, reference, amountMinor }) => {
      const payment = payments.get(reference);
      if (payment && isInFlight(reference)) return [];
      if (payment?.chargeId !== id) {
        const sentence = `The provider's charge ${id} of ${amountMinor} for ${reference} belongs to no payment.`;
        return [createMismatch('charge_without_payment', id, sentence, null)];
      }
      if (orders.get(reference)?.status !== 'CANCELLED') return [];
      const sentence = `Order ${reference} is cancelled, but the provider has not refunded all of ${amountMinor}.`;
      return [
        createMismatch('refund_missing', reference, sentence, payment.closedBy === null ? 'order' : null),
      ];
    });

const compareEvents = (facts: Facts, { now, graceMs }: AuditTiming): Mismatch[] => {
  const remedyFor = ({ service, type }: OutboxFact): Service | null => (concernsOrder(type) ? service : null);
  const late = findUnpublished(facts)
    .filter(({ at }) => at + graceMs <= now)
    .map((event) => {
      const sentence = `${event.type} ${event.id} of ${event.key} is in the outbox but not on its topic.`;
      return createMismatch('outbox_id_not_on_topic', event.id, sentence, remedyFor(event), event.key);
    });
  const undelivered = findOutstanding(facts).flatMap(({ event, consumer, state }) => {
    const name = `${event.type} ${event.id} of ${event.key}`;
    switch (state) {
      case 'gap':
        return [
          createMismatch(
            'inbox_gap',
            event.id,
            `${name} was skipped by ${consumer}.`,
            remedyFor(event),
            event.key,
          ),
        ];
      case 'dead_lettered':
        return [createMismatch('dead_letter', event.id, `${name} is a dead letter of ${consumer}.`, null)];
      case 'in_flight':
        return [];
      default:
        return state satisfies never;
    }
  });
  const uncommitted = findUncommitted(facts)
    .filter(({ at }) => at + graceMs <= now)
    .map(({ id, topic, partition, offset }) => {
      const sentence = `${topic} ${partition}/${offset} has event ${id}, which is not in the outbox.`;
      return createMismatch('topic_id_not_in_outbox', id, sentence, null);
    });
  return [...late, ...undelivered, ...uncommitted];
};

/** Every difference that no event in flight can explain. */
export function findMismatches(facts: Facts, timing: AuditTiming): Mismatch[] {
  const { isInFlight } = trackOrderActivity(facts, findOutstanding(facts), timing);
  const ofOrders = [...facts.orders.values()]
    .filter((order) => !isInFlight(order.id))
    .flatMap((order) => {
      const held = facts.reservations.get(order.id);
      return [
        ...compareReservation(order, held),
        ...comparePayment(order, facts.payments.get(order.id), held),
      ];
    });
  const orphans = [
    ...[...facts.reservations.keys()].map((id) => ['reservation', id] as const),
    ...[...facts.payments.keys()].map((id) => ['payment', id] as const),
  ]
    .filter(([, id]) => !facts.orders.has(id) && !isInFlight(id))
    .map(([what, id]) =>
      createMismatch(
        `${what}_without_order`,
        id,
        `There is a ${what} of order ${id}, but no such order.`,
        null,
      ),
    );
  return [...ofOrders, ...orphans, ...compareCharges(facts, isInFlight), ...compareEvents(facts, timing)];
}
