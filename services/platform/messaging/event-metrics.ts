// The figures of a service's events: what it has appended to its outbox, how long each event that it reads has been on its
// way, what came of it, and what could not be handled. All of it is told after the commit. The labels are the service's own
// consumer group, event types of the contract and words of the code, so there are few of them whatever is sent.
import { Counter, Gauge, Histogram } from 'prom-client';
import type { DomainEvent, EventType } from '../../../schemas/generated/events.ts';
import type { Dispatch } from './dispatch.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Why a record was kept as a dead letter. */
export const parkingReasons = ['undecodable', 'rejected', 'unexpected'] as const;
export type ParkingReason = (typeof parkingReasons)[number];

/** What the consumer tells as it happens. */
export interface ConsumerEvents {
  /** An attempt has failed and will be repeated. */
  readonly retried: () => void;
  readonly parked: (reason: ParkingReason) => void;
}

export interface ObservedConsumer {
  /** Why the consumer has halted; undefined while it has not. */
  readonly halted: () => string | undefined;
  readonly waitingKeys: () => number;
}

export interface EventMetrics extends ConsumerEvents {
  readonly appended: (events: readonly DomainEvent[]) => void;
  /** The same dispatch, counted; of records and of replays alike, because both are told only after their commit. */
  readonly counted: (dispatch: Dispatch, subscribed: readonly EventType[]) => Dispatch;
  /** Reads the consumer whenever the figures are asked for; undefined as long as there is none. */
  readonly observe: (consumer: () => ObservedConsumer | undefined) => void;
}

export interface EventMetricsOptions {
  readonly group: string;
  readonly emitted: readonly EventType[];
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Two clocks are compared: what they disagree by may not look like a journey into the past. */
const secondsBetween = (from: Date, to: Date): number => Math.max(0, to.getTime() - from.getTime()) / 1_000;

export function createEventMetrics(
  { registry }: Metrics,
  { group, emitted }: EventMetricsOptions,
): EventMetrics {
  const registers = [registry];
  const appended = new Counter({
    name: 'orderflow_events_appended_total',
    help: 'Events that committed transactions have appended to the outbox.',
    labelNames: ['event_type'],
    registers,
  });
  const handled = new Counter({
    name: 'orderflow_events_handled_total',
    help: 'Events that were handled, by what came of them; replays of dead letters too.',
    labelNames: ['group', 'event_type', 'outcome', 'reason'],
    registers,
  });
  const duplicates = new Counter({
    name: 'orderflow_inbox_duplicates_total',
    help: 'Deliveries that the inbox recognised as handled before.',
    labelNames: ['group', 'event_type'],
    registers,
  });
  const publication = new Histogram({
    name: 'orderflow_event_publication_seconds',
    help: 'From the decision, just before its commit, to the moment the broker had the event.',
    labelNames: ['group', 'event_type'],
    buckets,
    registers,
  });
  const consumption = new Histogram({
    name: 'orderflow_event_consumption_seconds',
    help: 'From the moment the broker had the event to the commit of the group that handled it.',
    labelNames: ['group', 'event_type'],
    buckets,
    registers,
  });
  const retries = new Counter({
    name: 'orderflow_event_retries_total',
    help: 'Attempts at an event that failed for a cause that passes, and were repeated.',
    labelNames: ['group'],
    registers,
  });
  const parked = new Counter({
    name: 'orderflow_dead_letters_total',
    help: 'Records that were kept as dead letters, by why.',
    labelNames: ['group', 'reason'],
    registers,
  });
  // A series that begins with its first event is one event that no rate ever sees.
  for (const type of emitted) appended.inc({ event_type: type }, 0);
  for (const reason of parkingReasons) parked.inc({ group, reason }, 0);
  retries.inc({ group }, 0);

  return {
    appended: (events) => {
      for (const { type } of events) appended.inc({ event_type: type });
    },
    counted: (dispatch, subscribed) => {
      for (const type of subscribed) {
        const of = { group, event_type: type };
        handled.inc({ ...of, outcome: 'accepted', reason: 'none' }, 0);
        duplicates.inc(of, 0);
        publication.zero(of);
        consumption.zero(of);
      }
      return async (record, on) => {
        const dispatched = await dispatch(record, on);
        if (!dispatched.outcome) return dispatched;
        const { event, outcome } = dispatched;
        const of = { group, event_type: event.type };
        handled.inc({ ...of, outcome: outcome.kind, reason: outcome.reason ?? 'none' });
        if (outcome.kind === 'duplicate') duplicates.inc(of);
        // What comes again, or from a dead letter, was long on its way for reasons that are no fault of the way.
        else if (on.replay === undefined) {
          publication.observe(of, secondsBetween(event.metadata.occurredAt, record.timestamp));
          consumption.observe(of, secondsBetween(record.timestamp, new Date()));
        }
        return dispatched;
      };
    },
    retried: () => {
      retries.inc({ group });
    },
    parked: (reason) => {
      parked.inc({ group, reason });
    },
    observe: (consumer) => {
      const gauge = (name: string, help: string, read: (running: ObservedConsumer) => number) =>
        new Gauge({
          name,
          help,
          labelNames: ['group'],
          registers,
          collect() {
            const running = consumer();
            if (running) this.set({ group }, read(running));
          },
        });
      gauge(
        'orderflow_consumer_halted',
        'Whether the consumer has stopped, because most records would become dead letters.',
        ({ halted }) => Number(halted() !== undefined),
      );
      gauge(
        'orderflow_consumer_waiting_keys',
        'Keys whose next record failed for a cause that passes; other keys go on.',
        ({ waitingKeys }) => waitingKeys(),
      );
    },
  };
}
