// What a payment has come to, for the figures.
import type { Milestone } from '../../platform/transaction/decision/milestone.ts';
import type { PaymentView } from './payment.ts';

/** Charge and refund are facts of their own: one input may settle both. */
export function milestonesOf(
  { payment: before }: PaymentView,
  { payment: after }: PaymentView,
): readonly Milestone[] {
  const payment = (outcome: string): Milestone => ({ name: 'payment', labels: { outcome } });
  const became = <Key extends 'charge' | 'refund'>(key: Key, state: (typeof after)[Key]): boolean =>
    before[key] !== state && after[key] === state;
  return [
    ...(became('charge', 'succeeded') ? [payment('charged')] : []),
    ...(became('charge', 'failed') ? [payment('declined')] : []),
    ...(became('refund', 'succeeded') ? [payment('refunded')] : []),
  ];
}
