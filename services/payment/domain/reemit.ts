// Emits the event of a payment's current state again, for a repair. A payment without an outcome has not emitted an event yet,
// so nothing is emitted.
import type { DomainEvent } from '../../../schemas/generated/events.ts';
import { accepted, ignored, type Decision } from '../../platform/transaction/decision/decision.ts';
import { notAttempted, type Payment } from './payment.ts';

type PaymentEvent = DomainEvent<'payment.succeeded' | 'payment.failed' | 'payment.refunded'>;

export function reemit(payment: Payment): Decision<Payment, PaymentEvent> {
  const { orderId, terms, charge, chargeId, refund, refundId, closedBy, failureCode } = payment;
  if (!terms) return ignored('terms_unknown');
  const { amount } = terms;
  switch (charge) {
    case 'none':
    case 'started':
      return ignored('not_settled_yet');
    case 'failed':
      // An abandoned charge has emitted no event.
      return failureCode === null || failureCode === notAttempted
        ? ignored('never_attempted')
        : accepted(payment, { type: 'payment.failed', data: { orderId, amount, code: failureCode } });
    case 'succeeded':
      if (chargeId === null) return ignored('charge_id_unknown');
      if (refund === 'succeeded' && refundId !== null && closedBy !== null) {
        const data = { orderId, amount, chargeId, refundId, reason: closedBy };
        return accepted(payment, { type: 'payment.refunded', data });
      }
      return accepted(payment, { type: 'payment.succeeded', data: { orderId, amount, chargeId } });
    default:
      return charge satisfies never;
  }
}
