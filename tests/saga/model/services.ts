// The three services of the model: the real `decide` functions, applied to state in memory.
import type { DomainEvent } from '../../../schemas/generated/events.ts';
import {
  decide as decideReservation,
  type ReservationInput,
} from '../../../services/inventory/domain/reservation.ts';
import { decide as decideOrder, type OrderInput } from '../../../services/order/domain/decide.ts';
import { statusOf } from '../../../services/order/domain/order.ts';
import { decide as decidePayment, type PaymentInput } from '../../../services/payment/domain/decide.ts';
import { newPayment } from '../../../services/payment/domain/payment.ts';
import type { ModelState } from './state.ts';
import { ttlMs, type Group } from './steps.ts';
import { assertHolds } from './violation.ts';

/** The outcome of an input, with a text for the log of the history. A rejected input changes nothing. */
export interface Outcome {
  readonly kind: 'accepted' | 'ignored' | 'rejected';
  readonly text: string;
}

interface Services {
  readonly toOrder: (orderId: string, input: OrderInput) => Outcome;
  readonly toReservation: (input: ReservationInput) => Outcome;
  readonly toPayment: (input: PaymentInput) => Outcome;
  /** The event handlers of each consumer group. They return undefined for an event that the group skips. */
  readonly handlers: Record<Group, (event: DomainEvent) => Outcome | undefined>;
}

/** `publish` appends the events of a decision to their topics, and returns their types as a text for the log. */
export const createServices = (
  { orders, reservations, stock, payments, requests }: ModelState,
  {
    now,
    publish,
  }: { readonly now: () => Date; readonly publish: (events: readonly DomainEvent[]) => string },
): Services => {
  const toOrder = (orderId: string, input: OrderInput): Outcome => {
    const order = orders.get(orderId);
    if (!order) throw new Error(`there is no order ${orderId}`);
    const decision = decideOrder(input, order);
    if (decision.kind === 'rejected') return { kind: 'rejected', text: decision.code };
    if (decision.kind === 'ignored') return { kind: 'ignored', text: decision.reason };
    assertHolds(
      decision.state.version === order.version + 1,
      'an accepted input increments the version by one',
    );
    orders.set(orderId, decision.state);
    return { kind: 'accepted', text: `${statusOf(decision.state)}${publish(decision.events)}` };
  };

  const toReservation = (input: ReservationInput): Outcome => {
    const { orderId } = input.data;
    const reservation = reservations.get(orderId) ?? null;
    const decision = decideReservation(input, { reservation, stock });
    if (decision.kind === 'rejected') return { kind: 'rejected', text: decision.code };
    if (decision.kind === 'ignored') return { kind: 'ignored', text: decision.reason };
    const { state, events } = decision;
    for (const { productId, ...change } of state.stockChanges) {
      const { available, reserved } = stock.get(productId) ?? { available: 0, reserved: 0 };
      stock.set(productId, {
        available: available + change.available,
        reserved: reserved + change.reserved,
      });
    }
    reservations.set(orderId, state.reservation);
    return { kind: 'accepted', text: `${state.reservation.state}${publish(events)}` };
  };

  const toPayment = (input: PaymentInput): Outcome => {
    const { orderId } = input.data;
    const payment = payments.get(orderId) ?? newPayment(orderId, now());
    const decision = decidePayment(input, { payment, request: null });
    if (decision.kind === 'rejected') return { kind: 'rejected', text: decision.code };
    if (decision.kind === 'ignored') return { kind: 'ignored', text: decision.reason };
    const { state, events } = decision;
    payments.set(orderId, state.payment);
    const { request } = state;
    if (input.type === 'gateway_answered') {
      const { answer } = input.data;
      for (const stored of requests) {
        if (stored.orderId === orderId && stored.request.kind === answer.kind) stored.state = answer.outcome;
      }
    }
    if (request) {
      const isClosed = state.payment.closedBy !== null;
      assertHolds(
        isClosed === (request.kind === 'refund'),
        `${isClosed ? 'a closed' : 'an open'} payment requests no ${request.kind}`,
      );
      const before = requests.filter((stored) => stored.orderId === orderId);
      assertHolds(
        before.every((stored) => stored.request.kind !== request.kind),
        `at most one ${request.kind} is requested per order`,
      );
      requests.push({ request, orderId, state: 'due', attempts: 0, lease: 0 });
    }
    const { charge, refund, closedBy } = state.payment;
    const facts = `charge ${charge}, refund ${refund}${closedBy === null ? '' : `, closed by ${closedBy}`}`;
    const requested = request ? `, requests a ${request.kind}` : '';
    return { kind: 'accepted', text: `${facts}${requested}${publish(events)}` };
  };

  const handlers: Record<Group, (event: DomainEvent) => Outcome | undefined> = {
    order: (event) => {
      switch (event.type) {
        case 'inventory.reserved':
        case 'inventory.reservation_failed':
        case 'inventory.released':
        case 'inventory.committed':
        case 'payment.succeeded':
        case 'payment.failed':
        case 'payment.refunded':
          return toOrder(event.data.orderId, { ...event, at: now() });
        default:
          return undefined;
      }
    },
    inventory: (event) => {
      switch (event.type) {
        case 'order.created':
        case 'order.cancelled':
        case 'order.fulfilled':
        case 'payment.succeeded':
        case 'payment.failed':
          return toReservation({ ...event, at: now(), ttlMs });
        default:
          return undefined;
      }
    },
    payment: (event) => {
      switch (event.type) {
        case 'order.created':
        case 'order.cancelled':
        case 'inventory.reserved':
        case 'inventory.reservation_failed':
        case 'inventory.released':
          return toPayment({ ...event, at: now() });
        default:
          return undefined;
      }
    },
  };

  return { toOrder, toReservation, toPayment, handlers };
};
