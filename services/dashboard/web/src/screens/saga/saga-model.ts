// Converts the saga of an order into the elements of the timeline: transactions in the lanes of the services, calls to the payment
// provider, and the hops of events between the transactions. Pure. All times are milliseconds since the epoch.
import type { Story, StoryEvent } from '../../api/types.ts';
import {
  describeDuplicates,
  describeEvents,
  describeOutcome,
  describeStep,
  isCompensation,
  serviceOf,
} from './saga-labels.ts';
import {
  lanes,
  type Block,
  type CallLink,
  type Hop,
  type Lane,
  type Saga,
  type Period,
} from './saga-types.ts';
import { byDuration, idleTimes, longestOf, stepWaits } from './saga-waits.ts';

const isLane = (name: string): name is Lane => lanes.some((lane) => lane === name);

const emittedIn = (story: Story, eventId: string, service: string, committedAt: number): StoryEvent[] =>
  story.events.filter(
    (event) =>
      event.causationId === eventId && event.emittedBy === service && event.committedAt === committedAt,
  );

/** The status of the order after the event; undefined if the event did not change the status. */
const newStatus = ({ steps }: Story, eventId: string): string | undefined => {
  const step = steps.find(({ inputId }) => inputId === eventId);
  if (step === undefined) return undefined;
  const previous = steps.slice(0, steps.indexOf(step)).findLast(({ orderId }) => orderId === step.orderId);
  return previous?.status === step.status ? undefined : step.status;
};

/** Appends the number of attempts to the label if there were several, and the number of duplicates if there were any. */
const withRepeats = (label: string, attempts: number, duplicates = 0): string =>
  [
    label,
    ...(attempts > 1 ? [`${attempts} attempts`] : []),
    ...(duplicates > 0 ? [describeDuplicates(duplicates)] : []),
  ].join(', ');

/** The transactions of the consumers: one block per event and consumer. */
const consumerBlocks = (story: Story): Block[] =>
  story.events.flatMap((event) =>
    event.consumptions.flatMap(({ consumer, receivedAt, committedAt, outcome, attempts, duplicates }) => {
      const lane = serviceOf(consumer);
      if (!isLane(lane)) return [];
      const emitted = emittedIn(story, event.id, lane, committedAt);
      const status = lane === 'order' ? newStatus(story, event.id) : undefined;
      const { label, tone } = describeOutcome(outcome);
      const handledLabel =
        status ?? (emitted.length > 0 ? describeEvents(emitted, story.events) : `handled ${event.eventType}`);
      const compensates = [event, ...emitted].some(({ eventType }) => isCompensation(eventType));
      return {
        id: `${event.id}/${lane}`,
        lane,
        start: receivedAt,
        end: committedAt,
        label: withRepeats(
          tone === 'ok' ? handledLabel : label.replace(/: .*\|/, ': '),
          attempts,
          duplicates,
        ),
        kind: tone === 'bad' ? 'failed' : tone === 'wait' ? 'ignored' : compensates ? 'compensation' : 'done',
        eventId: event.id,
      };
    }),
  );

/** The transactions that a request, a timer or a response of the payment provider caused, each with the ids of the events that it
 *  emitted. */
const initialBlocks = (
  story: Story,
  consumerTransactions: readonly Block[],
): { block: Block; events: readonly string[] }[] => {
  const emittedByConsumers = new Set(
    consumerTransactions.flatMap(({ eventId, lane, end }) =>
      eventId === undefined ? [] : emittedIn(story, eventId, lane, end).map(({ id }) => id),
    ),
  );
  const otherEvents = story.events.filter(({ id }) => !emittedByConsumers.has(id));
  const byTransaction = Map.groupBy(
    otherEvents,
    ({ emittedBy, committedAt }) => `${emittedBy}/${committedAt}`,
  );
  const blocksWithEvents = [...byTransaction].flatMap(([id, events]) => {
    const [first] = events;
    if (first === undefined) return [];
    const block: Block = {
      id,
      lane: first.emittedBy,
      start: first.occurredAt,
      end: first.committedAt,
      label: describeEvents(events, story.events),
      kind: events.some(({ eventType }) => isCompensation(eventType)) ? 'compensation' : 'done',
      eventId: first.id,
    };
    return [{ block, events: events.map((event) => event.id) }];
  });
  const causes = new Set(story.events.flatMap(({ id, causationId }) => [id, causationId]));
  const blocksWithoutEvents = story.steps
    .filter(({ inputId }) => !causes.has(inputId))
    .map(({ inputId, type, recordedAt, outcome }) => ({
      block: {
        id: `step/${inputId}/${recordedAt}`,
        lane: 'order' as const,
        start: recordedAt,
        end: recordedAt,
        label: describeStep(type),
        kind: outcome === 'accepted' ? ('done' as const) : ('ignored' as const),
        eventId: undefined,
      },
      events: [],
    }));
  return [...blocksWithEvents, ...blocksWithoutEvents];
};

const callKinds = {
  due: 'open',
  unknown: 'open',
  succeeded: 'done',
  declined: 'failed',
  abandoned: 'failed',
} as const;

const providerBlocks = ({ calls }: Story, now: number): Block[] =>
  calls.map(({ id, kind, state, attempts, createdAt, updatedAt }) => ({
    id: `call/${id}`,
    lane: 'provider',
    start: createdAt,
    end: callKinds[state] === 'open' ? Math.max(now, updatedAt) : updatedAt,
    label: withRepeats(`${kind} ${state}`, attempts),
    kind: kind === 'refund' && state === 'succeeded' ? 'compensation' : callKinds[state],
    eventId: undefined,
  }));

const linksOf = (story: Story, blocks: readonly Block[]): CallLink[] =>
  story.calls.flatMap((call) => {
    const id = `call/${call.id}`;
    const inPayment = blocks.filter(({ lane }) => lane === 'payment');
    const requester = inPayment.find(({ start, end }) => start <= call.createdAt && call.createdAt <= end);
    const recorder = inPayment.find(({ start }) => start === call.updatedAt);
    return [
      ...(requester === undefined ? [] : [{ id: `${id}/request`, from: requester.id, to: id }]),
      ...(recorder === undefined ? [] : [{ id: `${id}/result`, from: id, to: recorder.id }]),
    ];
  });

/** The longest step of the saga; undefined if no step took 1 ms or more. A wait for a person is not a step. */
const slowestOf = (steps: readonly Period[], blocks: readonly Block[]): Period | undefined => {
  const transactions = blocks
    .filter(({ lane }) => lane !== 'provider')
    .map(({ start, end, lane }) => ({
      from: start,
      to: end,
      label: `in a transaction of the ${lane} service`,
    }));
  const [slowest] = [...steps, ...transactions].toSorted(byDuration);
  return slowest === undefined || slowest.to - slowest.from < 1 ? undefined : slowest;
};

/** Provider calls that are still open, and the waits of events that no consumer has handled, are drawn up to `now`. */
export const sagaOf = (story: Story, now: number): Saga => {
  const handled = consumerBlocks(story);
  const initial = initialBlocks(story, handled);
  const blocks = [...handled, ...initial.map(({ block }) => block), ...providerBlocks(story, now)];
  const sourceOf = (event: StoryEvent): string | undefined =>
    initial.find(({ events }) => events.includes(event.id))?.block.id ??
    handled.find(
      ({ lane, end, eventId }) =>
        lane === event.emittedBy && end === event.committedAt && eventId === event.causationId,
    )?.id;
  const hops = story.events.flatMap((event) =>
    event.consumptions.flatMap(({ consumer, receivedAt }): Hop[] => {
      const from = sourceOf(event);
      const to = `${event.id}/${serviceOf(consumer)}`;
      if (from === undefined || event.publishedAt === null) return [];
      // Kafka timestamps are whole milliseconds, so an event can seem to be published before its commit or after its consumption.
      const publishedAt = Math.max(event.publishedAt, event.committedAt);
      return [
        {
          id: to,
          eventId: event.id,
          eventType: event.eventType,
          from,
          to,
          committedAt: event.committedAt,
          publishedAt,
          receivedAt: Math.max(receivedAt, publishedAt),
          isCompensation: isCompensation(event.eventType),
        },
      ];
    }),
  );
  const unconsumed = story.events.filter(({ consumptions }) => consumptions.length === 0);
  const steps = [
    ...stepWaits(blocks, hops),
    ...unconsumed.map(({ committedAt, eventType }) => ({
      from: committedAt,
      to: Math.max(now, committedAt),
      label: `${eventType} has not reached a consumer yet`,
    })),
  ];
  return {
    blocks: blocks.toSorted((a, b) => a.start - b.start),
    hops,
    links: linksOf(story, blocks),
    slowest: slowestOf(steps, blocks),
    waits: longestOf([...steps, ...idleTimes(story, blocks, hops)]),
    unconsumed,
  };
};
