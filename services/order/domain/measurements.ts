// Derives the measurements of the saga from the order before and after an input. Only changes of the status count, so each
// transition is counted once, whichever input has caused it.
import type { Measurement } from '../../platform/transaction/decision/measurement.ts';
import { statusOf, type Order, type OrderStatus } from './order.ts';

const progress: readonly OrderStatus[] = ['PENDING', 'CONFIRMED', 'PAID', 'FULFILLED'];

/** `before` is null for an order that has just been placed. */
export function measurementsOf(before: Order | null, after: Order): readonly Measurement[] {
  const { mode } = after.payment;
  if (before === null) return [{ name: 'placed', labels: { mode } }];
  const [was, is] = [statusOf(before), statusOf(after)];
  if (was === is) return [];
  const since = after.createdAt;
  /** Whether the order has reached or passed this status with this input. */
  const passes = (status: OrderStatus): boolean =>
    progress.indexOf(was) < progress.indexOf(status) && progress.indexOf(status) <= progress.indexOf(is);
  const reached = (name: string): Measurement => ({ name, labels: { mode }, since });
  // The duration of the saga ends at PAID, because shipping waits for a person.
  const isSettled = is === 'CANCELLED' ? was !== 'PAID' : passes('PAID');
  return [
    ...(passes('CONFIRMED') ? [reached('confirmed')] : []),
    ...(passes('PAID') ? [reached('paid')] : []),
    ...(isSettled ? [reached('settled')] : []),
    ...(is === 'FULFILLED' ? [{ name: 'ended', labels: { outcome: 'fulfilled', reason: 'none' } }] : []),
    ...(is === 'CANCELLED'
      ? [{ name: 'ended', labels: { outcome: 'cancelled', reason: after.cancellation ?? 'unspecified' } }]
      : []),
  ];
}
