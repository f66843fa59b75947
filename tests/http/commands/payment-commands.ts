// The commands for payments, in each state.
import { decide, type PaymentInput } from '../../../services/payment/domain/decide.ts';
import { newPayment, type Payment } from '../../../services/payment/domain/payment.ts';
import { reemit } from '../../../services/payment/domain/reemit.ts';
import { paymentProblems } from '../../../services/payment/http/api.ts';
import { now, orderId, owner, row, total } from './row.ts';

const payment = (facts: Partial<Payment>): Payment => ({
  ...newPayment(orderId, now),
  terms: { customerId: owner, amount: total, mode: 'MANUAL', method: 'card', token: null },
  hold: 'held',
  ...facts,
});
const charged = { charge: 'succeeded', chargeId: 'ch_1' } as const;
const closed = { closedBy: 'order_cancelled' } as const;
export const payments = {
  'without a reservation': payment({ hold: 'unknown' }),
  payable: payment({}),
  'cancelled before it was paid': payment(closed),
  'charge started': payment({ charge: 'started' }),
  'cancelled during the charge': payment({ ...closed, charge: 'started' }),
  paid: payment(charged),
  'paid and pinned': payment({ ...charged, hold: 'pinned' }),
  declined: payment({ charge: 'failed', failureCode: 'card_declined' }),
  'declined, order cancelled': payment({ ...closed, charge: 'failed', failureCode: 'card_declined' }),
  'charge abandoned': payment({ ...closed, charge: 'failed', failureCode: 'not_attempted' }),
  'refund started': payment({ ...closed, ...charged, refund: 'started' }),
  refunded: payment({ ...closed, ...charged, refund: 'succeeded', refundId: 're_1' }),
};
export const pay = (as: string): PaymentInput => ({
  type: 'pay',
  data: { orderId, customerId: as, token: 'tok_success' },
  at: now,
});

export const paymentCommands = {
  'payments.pay': row({
    allowedRole: 'USER',
    problems: paymentProblems,
    states: payments,
    decide: (state, as) => decide(pay(as), { payment: state, request: null }),
    answers: {
      'without a reservation': '409 not_payable',
      payable: 'accepted',
      'cancelled before it was paid': '409 not_payable',
      'charge started': 'ignored: charge_already_started',
      'cancelled during the charge': '409 not_payable',
      paid: 'ignored: charge_already_succeeded',
      'paid and pinned': 'ignored: charge_already_succeeded',
      declined: '409 not_payable',
      'declined, order cancelled': '409 not_payable',
      'charge abandoned': '409 not_payable',
      'refund started': '409 not_payable',
      refunded: '409 not_payable',
    },
    answerToOther: '404 not_found',
  }),
  'payments.repair': row({
    allowedRole: 'ADMIN',
    problems: paymentProblems,
    states: payments,
    decide: reemit,
    answers: {
      'without a reservation': 'ignored: not_settled_yet',
      payable: 'ignored: not_settled_yet',
      'cancelled before it was paid': 'ignored: not_settled_yet',
      'charge started': 'ignored: not_settled_yet',
      'cancelled during the charge': 'ignored: not_settled_yet',
      paid: 'accepted',
      'paid and pinned': 'accepted',
      declined: 'accepted',
      'declined, order cancelled': 'accepted',
      'charge abandoned': 'ignored: never_attempted',
      'refund started': 'accepted',
      refunded: 'accepted',
    },
  }),
};
