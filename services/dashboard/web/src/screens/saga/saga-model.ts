// The saga of an order as a drawing: transactions in the lanes of the services, calls to the payment provider, and the hops of
// events between them. Pure. All times are milliseconds since the epoch.
import type { Story, StoryEvent } from '../../api/types.ts';
import { serviceOf, undoes, describeEvents, describeOutcome, describeStep } from './saga-labels.ts';
import {
  lanes,
  type Block,
  type CallLink,
  type Hop,
  type Lane,
  type Saga,
  type Stretch,
} from './saga-types.ts';
import { byLength, idleTimes, longestOf, stepWaits } from './saga-waits.ts';

const isLane = (name: string): name is Lane => lanes.some((lane) => lane === name);

const emittedIn = (story: Story, eventId: string, service: string, committedAt: number): StoryEvent[] =>
  story.events.filter(
    (event) =>
      event.causationId === eventId && event.emittedBy === service && event.committedAt === committedAt,
  );

/** The status of the order after the event, if the event changed it. */
const newStatus = ({ steps }: Story, eventId: string): string | undefined => {
  const step = steps.find(({ inputId }) => inputId === eventId);
  if (step === undefined) return undefined;
  const before = steps.slice(0, steps.indexOf(step)).findLast(({ orderId }) => orderId === step.orderId);
  return before?.status === step.status ? undefined : step.status;
};

/** One transaction per event and consumer. */
const consumerBlocks = (story: Story): Block[] =>
  story.events.flatMap((event) =>
    event.consumptions.flatMap(({ consumer, receivedAt, committedAt, outcome }) => {
      const lane = serviceOf(consumer);
      if (!isLane(lane)) return [];
      const emitted = emittedIn(story, event.id, lane, committedAt).map(({ eventType }) => eventType);
      const status = lane === 'order' ? newStatus(story, event.id) : undefined;
      const { label, tone } = describeOutcome(outcome);
      const done = status ?? (emitted.length > 0 ? describeEvents(emitted) : `handled ${event.eventType}`);
      const undo = undoes(event.eventType) || emitted.some(undoes);
      return {
        id: `${event.id}/${lane}`,
        lane,
        start: receivedAt,
        end: committedAt,
        label: tone === 'ok' ? done : label.replace(/: .*\|/, ': '),
        kind: tone === 'bad' ? 'failed' : tone === 'wait' ? 'ignored' : undo ? 'undo' : 'done',
        eventId: event.id,
      };
    }),
  );

/** The transactions that no event caused: a request, a timer, or a response of the provider. */
const initialBlocks = (
  story: Story,
  known: readonly Block[],
): { block: Block; events: readonly string[] }[] => {
  const emittedByKnown = new Set(
    known.flatMap(({ eventId, lane, end }) =>
      eventId === undefined ? [] : emittedIn(story, eventId, lane, end).map(({ id }) => id),
    ),
  );
  const rest = story.events.filter(({ id }) => !emittedByKnown.has(id));
  const byTransaction = Map.groupBy(rest, ({ emittedBy, committedAt }) => `${emittedBy}/${committedAt}`);
  const ofEvents = [...byTransaction].flatMap(([id, events]) => {
    const [first] = events;
    if (first === undefined) return [];
    const types = events.map(({ eventType }) => eventType);
    const block: Block = {
      id,
      lane: first.emittedBy,
      start: first.occurredAt,
      end: first.committedAt,
      label: describeEvents(types),
      kind: types.some(undoes) ? 'undo' : 'done',
      eventId: first.id,
    };
    return [{ block, events: events.map((event) => event.id) }];
  });
  const causes = new Set(story.events.flatMap(({ id, causationId }) => [id, causationId]));
  const ofSteps = story.steps
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
  return [...ofEvents, ...ofSteps];
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
    label: `${kind} ${state}${attempts > 1 ? `, ${attempts} attempts` : ''}`,
    kind: kind === 'refund' && state === 'succeeded' ? 'undo' : callKinds[state],
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

/** The longest step of the saga; undefined when it took less than 1 ms. Waits for people are not steps. */
const slowestOf = (steps: readonly Stretch[], blocks: readonly Block[]): Stretch | undefined => {
  const transactions = blocks
    .filter(({ lane }) => lane !== 'provider')
    .map(({ start, end, lane }) => ({
      from: start,
      to: end,
      label: `in a transaction of the ${lane} service`,
    }));
  const [slowest] = [...steps, ...transactions].toSorted(byLength);
  return slowest === undefined || slowest.to - slowest.from < 1 ? undefined : slowest;
};

/** `now` is the end of the provider calls that are still open. */
export const sagaOf = (story: Story, now: number): Saga => {
  const ofConsumers = consumerBlocks(story);
  const others = initialBlocks(story, ofConsumers);
  const blocks = [...ofConsumers, ...others.map(({ block }) => block), ...providerBlocks(story, now)];
  const sourceOf = (event: StoryEvent): string | undefined =>
    others.find(({ events }) => events.includes(event.id))?.block.id ??
    ofConsumers.find(({ lane, end, eventId }) => {
      return lane === event.emittedBy && end === event.committedAt && eventId === event.causationId;
    })?.id;
  const hops = story.events.flatMap((event) =>
    event.consumptions.flatMap(({ consumer, receivedAt }): Hop[] => {
      const from = sourceOf(event);
      const to = `${event.id}/${serviceOf(consumer)}`;
      if (from === undefined || event.publishedAt === null) return [];
      // Kafka timestamps are whole milliseconds, so they can be before the commit and after the consumption.
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
          undo: undoes(event.eventType),
        },
      ];
    }),
  );
  return {
    blocks: blocks.toSorted((one, other) => one.start - other.start),
    hops,
    links: linksOf(story, blocks),
    slowest: slowestOf(stepWaits(blocks, hops), blocks),
    waits: longestOf([...stepWaits(blocks, hops), ...idleTimes(story, blocks, hops)]),
    waiting: story.events.filter(({ consumptions }) => consumptions.length === 0),
  };
};
