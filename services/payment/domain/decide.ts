// The payment's side of the saga. It charges once terms and hold are both known, never after the sale is off, and gives
// back whatever was charged for a sale that is off. What the gateway answered is an input like any other.
import type { DomainEvent, RefundReason } from '../../../schemas/generated/events.ts';
import { accepted, ignored, rejected, type Decision } from '../../platform/transaction/decision/decision.ts';
import { paymentStatus, type GatewayRequest, type Payment, type PaymentView, type Terms } from './payment.ts';

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

/** Decides one input against the facts of one order's payment. */
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
      const { customerId, total, payment: wish } = input.data;
      return accepted(chargeWhenReady(change({ terms: { customerId, amount: total, ...wish } })));
    }

    case 'inventory.reserved': {
      if (input.data.expiresAt === null) {
        return payment.hold === 'pinned'
          ? ignored('already_pinned')
          : accepted(quiet(change({ hold: 'pinned' })));
      }
      if (payment.hold !== 'unknown') return ignored(`already_${payment.hold}`);
      return accepted(chargeWhenReady(change({ hold: 'held' })));
    }

    case 'order.cancelled':
      return callOff(payment, change, 'order_cancelled');
    case 'inventory.reservation_failed':
      return callOff(payment, change, 'order_cancelled');
    case 'inventory.released':
      return callOff(
        payment,
        change,
        input.data.reason === 'ttl_expired' ? 'reservation_expired' : 'order_cancelled',
      );

    case 'pay': {
      const { terms } = payment;
      if (terms?.customerId !== input.data.customerId) return rejected('not_found', 'No such payment.');
      if (terms.mode === 'AUTO') {
        return rejected('not_manual', 'This order is charged automatically. Read the payment for its state.');
      }
      const refusal = whyNotPayable(payment);
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

/** The state that refuses a payment, and what the customer can do; undefined while the sale can come about. */
function whyNotPayable(payment: Payment): string | undefined {
  const { charge, closedBy, failureCode, hold } = payment;
  const status = paymentStatus(payment, false);
  if (charge === 'failed') {
    return `The payment is ${status} (${failureCode}), and an order is charged once. Place a new order.`;
  }
  if (closedBy !== null) {
    const money = charge === 'none' ? 'nothing is charged' : 'what is charged is refunded';
    return `The payment is ${status} and the sale is off (${closedBy}): ${money}. Place a new order.`;
  }
  return charge === 'none' && hold === 'unknown'
    ? `The payment is ${status}: the order does not hold its stock yet. Repeat the call when it is CONFIRMED.`
    : undefined;
}

const quiet = (payment: Payment): PaymentView => ({ payment, request: null });

function chargeWhenReady(payment: Payment): PaymentView {
  const { terms, hold, closedBy, charge } = payment;
  const ready = terms?.mode === 'AUTO' && hold === 'held' && closedBy === null && charge === 'none';
  return ready ? startCharge(payment, terms, terms.token) : quiet(payment);
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

/** The sale is off: refund what was taken; an attempt under way is refunded when its answer comes. */
function callOff(
  payment: Payment,
  change: (facts: Partial<Payment>) => Payment,
  closedBy: RefundReason,
): PaymentDecision {
  if (payment.closedBy !== null) return ignored('already_called_off');
  return accepted(refundWhenDue(change({ closedBy })));
}

function refundWhenDue(payment: Payment): PaymentView {
  const { charge, refund, closedBy, terms, chargeId, orderId } = payment;
  if (closedBy === null || charge !== 'succeeded' || refund !== 'none' || !terms) return quiet(payment);
  const request: GatewayRequest = {
    kind: 'refund',
    idempotencyKey: `refund-${orderId}`,
    amount: terms.amount,
    token: null,
    chargeId,
  };
  return { payment: { ...payment, refund: 'started' }, request };
}

/** Failure code of a charge that was given up because the sale was off and the gateway had not made it. */
const notAttempted = 'not_attempted';

function decideAnswer(
  payment: Payment,
  change: (facts: Partial<Payment>) => Payment,
  answer: GatewayAnswer,
): PaymentDecision {
  const { orderId, terms } = payment;
  if (!terms) return rejected('no_terms', 'The gateway answered for an order never seen.');
  const { amount } = terms;

  if (answer.kind === 'refund') {
    const { chargeId, closedBy } = payment;
    if (payment.refund === 'succeeded') return ignored('already_refunded');
    if (chargeId === null || closedBy === null) return rejected('no_charge', 'Nothing was there to refund.');
    return accepted(quiet(change({ refund: 'succeeded', refundId: answer.gatewayId })), {
      type: 'payment.refunded',
      data: { orderId, amount, chargeId, refundId: answer.gatewayId, reason: closedBy },
    });
  }

  // An instance that lost its lease can still charge what another one gave up: the money is real and has to go back.
  const unexpected = payment.failureCode === notAttempted && answer.outcome === 'succeeded';
  if (payment.charge !== 'started' && !unexpected) return ignored(`charge_already_${payment.charge}`);
  switch (answer.outcome) {
    case 'succeeded': {
      const { gatewayId: chargeId } = answer;
      return accepted(refundWhenDue(change({ charge: 'succeeded', chargeId, failureCode: null })), {
        type: 'payment.succeeded',
        data: { orderId, amount, chargeId },
      });
    }
    case 'declined':
      return accepted(quiet(change({ charge: 'failed', failureCode: answer.code })), {
        type: 'payment.failed',
        data: { orderId, amount, code: answer.code },
      });
    case 'abandoned':
      // The sale is off, so nobody waits for an event; while it is on, the order would wait for one for ever.
      return payment.closedBy === null
        ? rejected('sale_is_on', 'A charge can be abandoned only once the sale is off.')
        : accepted(quiet(change({ charge: 'failed', failureCode: notAttempted })));
    default:
      return answer satisfies never;
  }
}
