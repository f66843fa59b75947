// The headline of a saga, its summary, and sentences about the events, calls and people that it waits for. Pure.
import type { Story, StoryEvent } from '../../api/types.ts';
import { formatCount, formatDuration, formatTime } from '../../parts/format.ts';
import { describeReason } from '../../parts/order-status.ts';
import { describeDuplicates } from './saga-labels.ts';
import type { Saga } from './saga-types.ts';

const elapsedUntil = (story: Story, status: string): string => {
  const placedAt = story.orders[0]?.placedAt;
  const reachedAt = story.steps.find((step) => step.status === status)?.recordedAt;
  return placedAt === undefined || reachedAt === undefined
    ? ''
    : ` after ${formatDuration(reachedAt - placedAt)}`;
};

/** "Paid after 127 ms". */
export const titleOf = (story: Story): string => {
  const [order] = story.orders;
  if (order === undefined) return 'Events of one request';
  switch (order.status) {
    case 'PENDING':
      return 'Waiting for stock';
    case 'CONFIRMED':
      return 'Waiting for payment';
    case 'PAID':
      return `Paid${elapsedUntil(story, 'PAID')}`;
    case 'FULFILLED':
      return `Paid${elapsedUntil(story, 'PAID')}, shipped`;
    case 'CANCELLED':
      return `Cancelled: ${describeReason(order.cancellationReason ?? '')}`;
    default:
      return order.status;
  }
};

/** "4 events · 8 deliveries · no dead letters". */
export const summaryOf = (story: Story): string => {
  const deliveries = story.events.flatMap(({ consumptions }) => consumptions);
  const letters = deliveries.filter(({ letterId }) => letterId !== null).length;
  const ignored = deliveries.filter(({ outcome }) => outcome.startsWith('ignored')).length;
  const retries = deliveries.reduce((sum, { attempts }) => sum + attempts - 1, 0);
  const duplicates = deliveries.reduce((sum, delivery) => sum + delivery.duplicates, 0);
  return [
    formatCount(story.events.length, 'event'),
    `${deliveries.length} ${deliveries.length === 1 ? 'delivery' : 'deliveries'}`,
    ...(ignored === 0 ? [] : [`${ignored} ignored`]),
    ...(retries === 0 ? [] : [retries === 1 ? '1 retry' : `${retries} retries`]),
    ...(duplicates === 0 ? [] : [describeDuplicates(duplicates)]),
    letters === 0 ? 'no dead letters' : formatCount(letters, 'dead letter'),
  ].join(' · ');
};

const clockTime = (ms: number): string => formatTime(new Date(ms).toISOString());

/** Says what an unfinished order waits for, and until when. `unconsumed`: the events that no consumer has handled yet. */
const waitOfOrder = (
  { id, status, expiresAt }: Story['orders'][number],
  unconsumed: readonly StoryEvent[],
): string[] => {
  const isOnItsWay = (type: string): boolean =>
    unconsumed.some(({ eventType, key }) => eventType === type && key === id);
  switch (status) {
    case 'PENDING':
      return [
        isOnItsWay('inventory.reserved')
          ? 'The stock is reserved. The order is confirmed once the order service has handled inventory.reserved.'
          : 'The order waits until its stock is reserved.',
      ];
    case 'CONFIRMED':
      if (isOnItsWay('payment.succeeded'))
        return [
          'The customer has paid. The order becomes PAID once the order service has handled payment.succeeded.',
        ];
      return [
        expiresAt === null
          ? 'The order waits for its payment.'
          : `The order waits for its payment until ${clockTime(expiresAt)}, when the reservation expires.`,
      ];
    case 'PAID':
      return ['The order waits until its sellers ship the items. There is no deadline for shipping.'];
    default:
      return [];
  }
};

/** Whether an order is still on its way to PAID. */
export const isInProgress = ({ orders }: Story): boolean =>
  orders.some(({ status }) => status === 'PENDING' || status === 'CONFIRMED');

/** One sentence for each event, provider call and order that the saga waits for. `now`: milliseconds since the epoch. */
export const waitsOf = (story: Story, saga: Saga, now: number): string[] => [
  ...saga.unconsumed.map(
    ({ eventType, committedAt }) =>
      `${eventType} was committed to the outbox ${formatDuration(Math.max(0, now - committedAt))} ago. No consumer has handled it yet.`,
  ),
  ...story.calls
    .filter(({ state }) => state === 'due' || state === 'unknown')
    .map(
      ({ kind, attempts, lastError, dueAt }) =>
        `${
          attempts === 0
            ? `The ${kind} has not been attempted yet`
            : `The ${kind} was attempted ${attempts === 1 ? 'once' : `${attempts} times`}`
        }${lastError === null ? '' : ` (${lastError})`}. Next attempt at ${clockTime(dueAt)}.`,
    ),
  ...story.orders.flatMap((order) => waitOfOrder(order, saga.unconsumed)),
];
