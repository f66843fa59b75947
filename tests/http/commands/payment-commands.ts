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
  'without stock': payment({ hold: 'unknown' }),
  payable: payment({}),
  'cancelled before it was paid': payment(closed),
  'charge under way': payment({ charge: 'started' }),
  'cancelled during the charge': payment({ ...closed, charge: 'started' }),
  paid: payment(charged),
  'paid and pinned': payment({ ...charged, hold: 'pinned' }),
  declined: payment({ charge: 'failed', failureCode: 'card_declined' }),
  'declined, order cancelled': payment({ ...closed, charge: 'failed', failureCode: 'card_declined' }),
  'given up': payment({ ...closed, charge: 'failed', failureCode: 'not_attempted' }),
  'refund under way': payment({ ...closed, ...charged, refund: 'started' }),
  refunded: payment({ ...closed, ...charged, refund: 'succeeded', refundId: 're_1' }),
};
export const pay = (as: string): PaymentInput => ({
  type: 'pay',
  data: { orderId, customerId: as, token: 'tok_success' },
  at: now,
});

export const paymentCommands = {
  'payments.pay': row({
    by: 'USER',
    problems: paymentProblems,
    states: payments,
    decide: (state, as) => decide(pay(as), { payment: state, request: null }),
    answers: {
      'without stock': '409 not_payable',
      payable: 'done',
      'cancelled before it was paid': '409 not_payable',
      'charge under way': 'unchanged: charge_already_started',
      'cancelled during the charge': '409 not_payable',
      paid: 'unchanged: charge_already_succeeded',
      'paid and pinned': 'unchanged: charge_already_succeeded',
      declined: '409 not_payable',
      'declined, order cancelled': '409 not_payable',
      'given up': '409 not_payable',
      'refund under way': '409 not_payable',
      refunded: '409 not_payable',
    },
    stranger: '404 not_found',
  }),
  'payments.repair': row({
    by: 'ADMIN',
    problems: paymentProblems,
    states: payments,
    decide: reemit,
    answers: {
      'without stock': 'unchanged: not_settled_yet',
      payable: 'unchanged: not_settled_yet',
      'cancelled before it was paid': 'unchanged: not_settled_yet',
      'charge under way': 'unchanged: not_settled_yet',
      'cancelled during the charge': 'unchanged: not_settled_yet',
      paid: 'done',
      'paid and pinned': 'done',
      declined: 'done',
      'declined, order cancelled': 'done',
      'given up': 'unchanged: never_attempted',
      'refund under way': 'done',
      refunded: 'done',
    },
  }),
};
