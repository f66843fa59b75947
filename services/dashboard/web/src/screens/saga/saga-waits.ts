// The waits of a saga: for Kafka Connect, for a consumer, for the payment provider, for a person or for a timer. Pure.
import type { Story } from '../../api/types.ts';
import { serviceOf } from './saga-labels.ts';
import type { Block, Hop, Period } from './saga-types.ts';

const durationOf = ({ from, to }: Period): number => to - from;

export const byDuration = (a: Period, b: Period): number => durationOf(b) - durationOf(a);

/** The reason for the wait before a transaction that no event caused. */
const waitReason = (story: Story, { eventId, lane, start }: Block): string => {
  const cause = story.events.find(({ id }) => id === eventId)?.causationId;
  const step = story.steps.find(({ inputId, recordedAt }) => inputId === cause || recordedAt === start);
  switch (lane === 'order' ? step?.type : lane) {
    case 'confirm':
    case 'fulfill':
      return 'waiting for a seller';
    case 'cancel':
      return 'until the customer cancelled';
    case 'payment':
    case 'provider':
      return 'waiting for the customer';
    case 'deadline':
      return 'waiting until the deadline';
    case 'inventory':
      return 'waiting until the reservation expired';
    default:
      return 'waiting';
  }
};

/** The periods without a transaction, a provider call or an event on its way: the saga waited for a person or a timer. */
export const idleTimes = (story: Story, blocks: readonly Block[], hops: readonly Hop[]): Period[] => {
  const activities = [
    ...blocks.map((block) => ({ start: block.start, end: block.end, block })),
    ...hops.map(({ committedAt, receivedAt }) => ({ start: committedAt, end: receivedAt, block: undefined })),
  ].toSorted((a, b) => a.start - b.start);
  let idleSince = activities[0]?.start ?? 0;
  return activities.flatMap(({ start, end, block }) => {
    const from = idleSince;
    idleSince = Math.max(idleSince, end);
    return block === undefined || start <= from ? [] : [{ from, to: start, label: waitReason(story, block) }];
  });
};

/** The waits of events and of requests to the payment provider. */
export const stepWaits = (blocks: readonly Block[], hops: readonly Hop[]): Period[] => [
  // An event with two consumers has two hops but was published once.
  ...new Map(
    hops.map(({ eventId, committedAt, publishedAt }) => [
      eventId,
      { from: committedAt, to: publishedAt, label: 'waiting for Kafka Connect' },
    ]),
  ).values(),
  ...hops.map(({ to, publishedAt, receivedAt }) => ({
    from: publishedAt,
    to: receivedAt,
    label: `waiting in Kafka for ${serviceOf(to.split('/')[1] ?? '')}`,
  })),
  ...blocks
    .filter(({ lane }) => lane === 'provider')
    .map(({ start, end }) => ({ from: start, to: end, label: 'at the payment provider' })),
];

const maxWaits = 3;

/** The three longest waits of at least 1 ms, sorted by time. */
export const longestOf = (waits: readonly Period[]): Period[] =>
  waits
    .filter((wait) => durationOf(wait) >= 1)
    .toSorted(byDuration)
    .slice(0, maxWaits)
    .toSorted((a, b) => a.from - b.from);
