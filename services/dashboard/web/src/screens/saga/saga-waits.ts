// Where the time of a saga went while no transaction ran: the longest waits, by name. Pure.
import type { Story } from '../../api/types.ts';
import { serviceOf } from './saga-labels.ts';
import type { Block, Hop, Stretch } from './saga-types.ts';

const lengthOf = ({ from, to }: Stretch): number => to - from;

export const byLength = (one: Stretch, other: Stretch): number => lengthOf(other) - lengthOf(one);

/** What a transaction that no event caused had been waiting for. */
const awaited = (story: Story, { eventId, lane, start }: Block): string => {
  const cause = story.events.find(({ id }) => id === eventId)?.causationId;
  const step = story.steps.find(({ inputId, recordedAt }) => inputId === cause || recordedAt === start);
  switch (lane === 'order' ? step?.type : lane) {
    case 'confirm':
    case 'fulfill':
      return 'waiting for a seller';
    case 'cancel':
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

/** The times between activities: nothing was in progress until a person or a timer went on. */
export const idleTimes = (story: Story, blocks: readonly Block[], hops: readonly Hop[]): Stretch[] => {
  const active = [
    ...blocks.map((block) => ({ start: block.start, end: block.end, block })),
    ...hops.map(({ committedAt, receivedAt }) => ({ start: committedAt, end: receivedAt, block: undefined })),
  ].toSorted((one, other) => one.start - other.start);
  let until = active[0]?.start ?? 0;
  return active.flatMap(({ start, end, block }) => {
    const from = until;
    until = Math.max(until, end);
    return block === undefined || start <= from ? [] : [{ from, to: start, label: awaited(story, block) }];
  });
};

/** The waits of events and of requests to the payment provider. */
export const stepWaits = (blocks: readonly Block[], hops: readonly Hop[]): Stretch[] => [
  // An event with two consumers was published once.
  ...new Map(
    hops.map(({ eventId, committedAt, publishedAt }) => [
      eventId,
      { from: committedAt, to: publishedAt, label: 'waiting in Kafka Connect' },
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

const mostNamed = 3;

/** The three longest waits of at least 1 ms, in the order of time. */
export const longestOf = (waits: readonly Stretch[]): Stretch[] =>
  waits
    .filter((wait) => lengthOf(wait) >= 1)
    .toSorted(byLength)
    .slice(0, mostNamed)
    .toSorted((one, other) => one.from - other.from);
