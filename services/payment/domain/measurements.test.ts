import { expect, it } from 'vitest';
import { measurementsOf } from './measurements.ts';
import { newPayment, notAttempted, type Payment } from './payment.ts';

const before = newPayment('018f0000-0000-7000-8000-000000000001', new Date(0));

it.each<[string, Partial<Payment>, string[]]>([
  ['a charge', { charge: 'succeeded' }, ['charged']],
  ['a decline', { charge: 'failed', failureCode: 'card_declined' }, ['declined']],
  ['nothing for a charge that was not attempted', { charge: 'failed', failureCode: notAttempted }, []],
  ['a refund', { refund: 'succeeded' }, ['refunded']],
  ['a charge and its refund', { charge: 'succeeded', refund: 'succeeded' }, ['charged', 'refunded']],
  ['nothing for a hold', { hold: 'held' }, []],
])('a change of a payment is measured as %s', (_name, change, outcomes) => {
  const after = { payment: { ...before, ...change }, request: null };
  const measured = measurementsOf({ payment: before, request: null }, after);
  expect(measured.map(({ labels }) => labels['outcome'])).toEqual(outcomes);
});
