// The headline of a saga and what it waits for. Pure.
import type { Story } from '../../api/types.ts';
import { formatDuration, formatTime } from '../../parts/format.ts';
import type { Saga } from './saga-model.ts';

const after = (story: Story, status: string): string => {
  const placed = story.orders[0]?.placedAt;
  const at = story.steps.find((step) => step.status === status)?.recordedAt;
  return placed === undefined || at === undefined ? '' : ` after ${formatDuration(at - placed)}`;
};

const reasons: Readonly<Record<string, string>> = {
  reservation_failed: 'not enough stock',
  payment_failed: 'the payment failed',
  reservation_expired: 'not paid in time',
  customer_cancelled: 'by the customer',
};

/** "Paid after 127 ms". */
export const titleOf = (story: Story): string => {
  const [order] = story.orders;
  if (order === undefined) return 'Events of one request';
  switch (order.status) {
    case 'PENDING':
      return 'Waits for stock';
    case 'CONFIRMED':
      return 'Waits for the payment';
    case 'PAID':
      return `Paid${after(story, 'PAID')}`;
    case 'FULFILLED':
      return `Paid${after(story, 'PAID')}, shipped`;
    case 'CANCELLED': {
      const reason = order.cancellationReason ?? '';
      return `Cancelled: ${reasons[reason] ?? reason.replaceAll('_', ' ')}`;
    }
    default:
      return order.status;
  }
};

const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** "4 events · 8 deliveries · no dead letter". */
export const summaryOf = (story: Story): string => {
  const deliveries = story.events.flatMap(({ consumptions }) => consumptions);
  const letters = deliveries.filter(({ letterId }) => letterId !== null).length;
  const ignored = deliveries.filter(({ outcome }) => outcome.startsWith('ignored')).length;
  return [
    many(story.events.length, 'event'),
    `${deliveries.length} ${deliveries.length === 1 ? 'delivery' : 'deliveries'}`,
    ...(ignored === 0 ? [] : [`${ignored} ignored`]),
    letters === 0 ? 'no dead letter' : many(letters, 'dead letter'),
  ].join(' · ');
};

/** What the saga waits for, in sentences; empty once it is at rest. */
export const waitsOf = (story: Story, saga: Saga, now: number): string[] => {
  const time = (at: number): string => formatTime(new Date(at).toISOString());
  return [
    ...saga.waiting.map(
      ({ eventType, committedAt }) =>
        `${eventType} was committed ${formatDuration(Math.max(0, now - committedAt))} ago and has not reached a consumer yet.`,
    ),
    ...story.calls
      .filter(({ state }) => state === 'due' || state === 'unknown')
      .map(
        ({ kind, attempts, lastError, dueAt }) =>
          `The ${kind} has been tried ${attempts === 1 ? 'once' : `${attempts} times`}${
            lastError === null ? '' : ` (${lastError})`
          }; the provider is asked again at ${time(dueAt)}.`,
      ),
    ...story.orders
      .filter(({ status, expiresAt }) => status === 'CONFIRMED' && expiresAt !== null)
      .map(({ expiresAt }) => `The stock is held for the payment until ${time(expiresAt ?? 0)}.`),
  ];
};
