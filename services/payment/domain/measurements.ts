// Derives the measurements of a payment from its state before and after an input.
import type { Measurement } from '../../platform/transaction/decision/measurement.ts';
import { notAttempted, type PaymentView } from './payment.ts';

export function measurementsOf(
  { payment: before }: PaymentView,
  { payment: after }: PaymentView,
): readonly Measurement[] {
  const payment = (outcome: string): Measurement => ({ name: 'payment', labels: { outcome } });
  const became = <Key extends 'charge' | 'refund'>(key: Key, state: (typeof after)[Key]): boolean =>
    before[key] !== state && after[key] === state;
  // An abandoned charge is not a decline: the payment was closed before the gateway charged.
  const isDeclined = became('charge', 'failed') && after.failureCode !== notAttempted;
  return [
    ...(became('charge', 'succeeded') ? [payment('charged')] : []),
    ...(isDeclined ? [payment('declined')] : []),
    ...(became('refund', 'succeeded') ? [payment('refunded')] : []),
  ];
}
