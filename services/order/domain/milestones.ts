// What an order has come to, for the figures of the saga. Told from the states before and after alone, so each milestone of
// an order is told once, whichever input led there.
import type { Milestone } from '../../platform/transaction/decision/milestone.ts';
import { statusOf, type Order, type OrderStatus } from './order.ts';

const progress: readonly OrderStatus[] = ['PENDING', 'CONFIRMED', 'PAID', 'FULFILLED'];

/** `before` is null for an order that has just been placed. */
export function milestonesOf(before: Order | null, after: Order): readonly Milestone[] {
  const { mode } = after.payment;
  if (before === null) return [{ name: 'placed', labels: { mode } }];
  const [was, is] = [statusOf(before), statusOf(after)];
  if (was === is) return [];
  const since = after.createdAt;
  const passes = (status: OrderStatus): boolean =>
    progress.indexOf(was) < progress.indexOf(status) && progress.indexOf(status) <= progress.indexOf(is);
  const reached = (name: string): Milestone => ({ name, labels: { mode }, since });
  // A person may take any time over what comes after PAID, so that is where the saga's own time ends.
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
