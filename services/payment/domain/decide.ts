// Decides what an input changes in a payment: an event, a command, or the answer of the gateway. In mode AUTO, a charge is
// requested as soon as the terms are known and the stock is reserved; in mode MANUAL, when the customer pays. For a closed payment,
// no charge is requested, and a charge that has succeeded is refunded.
import type { DomainEvent, RefundReason } from '../../../schemas/generated/events.ts';
import { accepted, ignored, rejected, type Decision } from '../../platform/transaction/decision/decision.ts';
import {
  notAttempted,
  paymentStatus,
  type GatewayRequest,
  type Payment,
  type PaymentView,
  type Terms,
} from './payment.ts';

export type GatewayAnswer =
  | { readonly kind: 'charge'; readonly outcome: 'succeeded'; readonly gatewayId: string }
  | { readonly kind: 'charge'; readonly outcome: 'declined'; readonly code: string }
  | { readonly kind: 'charge'; readonly outcome: 'abandoned' }
  | { readonly kind: 'refund'; readonly outcome: 'succeeded'; readonly gatewayId: string };

export type PaymentInput = { readonly at: Date } & (
  | DomainEvent<
      | 'order.created'
      | 'order.cancelled'
      | 'inventory.reserved'
      | 'inventory.reservation_failed'
      | 'inventory.released'
    >
  | {
      readonly type: 'pay';
      readonly data: { readonly orderId: string; readonly customerId: string; readonly token: string | null };
    }
  | {
      readonly type: 'gateway_answered';
      readonly data: { readonly orderId: string; readonly answer: GatewayAnswer };
    }
);

type PaymentEvent = DomainEvent<'payment.succeeded' | 'payment.failed' | 'payment.refunded'>;
type PaymentDecision = Decision<PaymentView, PaymentEvent>;

/** Decides what the input changes in the payment. */
export function decide(input: PaymentInput, { payment }: PaymentView): PaymentDecision {
  const change = (facts: Partial<Payment>): Payment => ({
    ...payment,
    ...facts,
    version: payment.version + 1,
    updatedAt: input.at,
  });

  switch (input.type) {
    case 'order.created': {
      if (payment.terms) return ignored('terms_already_known');
      const { customerId, total, payment: method } = input.data;
      return accepted(chargeIfReady(change({ terms: { customerId, amount: total, ...method } })));
    }

    case 'inventory.reserved': {
      if (input.data.expiresAt === null) {
        return payment.hold === 'pinned'
          ? ignored('already_pinned')
          : accepted(withoutRequest(change({ hold: 'pinned' })));
      }
      if (payment.hold !== 'unknown') return ignored(`already_${payment.hold}`);
      return accepted(chargeIfReady(change({ hold: 'held' })));
    }

    case 'order.cancelled':
    case 'inventory.reservation_failed':
      return close(payment, change, 'order_cancelled');
    case 'inventory.released': {
      const { reason } = input.data;
      return close(payment, change, reason === 'ttl_expired' ? 'reservation_expired' : 'order_cancelled');
    }

    case 'pay': {
      const { terms } = payment;
      if (terms?.customerId !== input.data.customerId) return rejected('not_found', 'No such payment.');
      if (terms.mode === 'AUTO') {
        return rejected('not_manual', 'This order is charged automatically. Read the payment for its state.');
      }
      const refusal = payRefusalOf(payment);
      if (refusal !== undefined) return rejected('not_payable', refusal);
      if (payment.charge !== 'none') return ignored(`charge_already_${payment.charge}`);
      return accepted(startCharge(change({}), terms, input.data.token));
    }

    case 'gateway_answered':
      return decideAnswer(payment, change, input.data.answer);

    default:
      return input satisfies never;
  }
}

/** Why the customer cannot pay, and what they can do; undefined if they can. */
function payRefusalOf(payment: Payment): string | undefined {
  const { charge, closedBy, failureCode, hold } = payment;
  const status = paymentStatus(payment, false);
  if (charge === 'failed') {
    return `The payment is ${status} (${failureCode}), and an order is charged only once. Place a new order.`;
  }
  if (closedBy !== null) {
    const money = charge === 'none' ? 'nothing is charged' : 'a charge is refunded';
    return `The payment is ${status} and closed (${closedBy}): ${money}. Place a new order.`;
  }
  return charge === 'none' && hold === 'unknown'
    ? `The payment is ${status}: the stock of the order is not reserved yet. Repeat the call when the order is CONFIRMED.`
    : undefined;
}

const withoutRequest = (payment: Payment): PaymentView => ({ payment, request: null });

function chargeIfReady(payment: Payment): PaymentView {
  const { terms, hold, closedBy, charge } = payment;
  const ready = terms?.mode === 'AUTO' && hold === 'held' && closedBy === null && charge === 'none';
  return ready ? startCharge(payment, terms, terms.token) : withoutRequest(payment);
}

function startCharge(payment: Payment, { amount }: Terms, token: string | null): PaymentView {
  const request: GatewayRequest = {
    kind: 'charge',
    idempotencyKey: `charge-${payment.orderId}`,
    amount,
    token,
    chargeId: null,
  };
  return { payment: { ...payment, charge: 'started' }, request };
}

/** Closes the payment and refunds its charge. A charge in progress is refunded once the gateway has answered. */
function close(
  payment: Payment,
  change: (facts: Partial<Payment>) => Payment,
  closedBy: RefundReason,
): PaymentDecision {
  if (payment.closedBy !== null) return ignored('already_closed');
  return accepted(refundIfDue(change({ closedBy })));
}

function refundIfDue(payment: Payment): PaymentView {
  const { charge, refund, closedBy, terms, chargeId, orderId } = payment;
  if (closedBy === null || charge !== 'succeeded' || refund !== 'none' || !terms)
    return withoutRequest(payment);
  const request: GatewayRequest = {
    kind: 'refund',
    idempotencyKey: `refund-${orderId}`,
    amount: terms.amount,
    token: null,
    chargeId,
  };
  return { payment: { ...payment, refund: 'started' }, request };
}

function decideAnswer(
  payment: Payment,
  change: (facts: Partial<Payment>) => Payment,
  answer: GatewayAnswer,
): PaymentDecision {
  const { orderId, terms } = payment;
  if (!terms) return rejected('no_terms', 'The gateway answered for an unknown order.');
  const { amount } = terms;

  if (answer.kind === 'refund') {
    const { chargeId, closedBy } = payment;
    if (payment.refund === 'succeeded') return ignored('already_refunded');
    if (chargeId === null || closedBy === null) return rejected('no_charge', 'There is no charge to refund.');
    return accepted(withoutRequest(change({ refund: 'succeeded', refundId: answer.gatewayId })), {
      type: 'payment.refunded',
      data: { orderId, amount, chargeId, refundId: answer.gatewayId, reason: closedBy },
    });
  }

  // An instance that lost its lease can still charge after another instance abandoned the charge. That charge is refunded.
  const unexpected = payment.failureCode === notAttempted && answer.outcome === 'succeeded';
  if (payment.charge !== 'started' && !unexpected) return ignored(`charge_already_${payment.charge}`);
  switch (answer.outcome) {
    case 'succeeded': {
      const { gatewayId: chargeId } = answer;
      return accepted(refundIfDue(change({ charge: 'succeeded', chargeId, failureCode: null })), {
        type: 'payment.succeeded',
        data: { orderId, amount, chargeId },
      });
    }
    case 'declined':
      return accepted(withoutRequest(change({ charge: 'failed', failureCode: answer.code })), {
        type: 'payment.failed',
        data: { orderId, amount, code: answer.code },
      });
    case 'abandoned':
      // The order of a closed payment is already being cancelled, so it needs no event. The order of an open payment would wait for
      // one until its deadline, so its charge cannot be abandoned.
      return payment.closedBy === null
        ? rejected('payment_open', 'A charge can be abandoned only after the payment is closed.')
        : accepted(withoutRequest(change({ charge: 'failed', failureCode: notAttempted })));
    default:
      return answer satisfies never;
  }
}
