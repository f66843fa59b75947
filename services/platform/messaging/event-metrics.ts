// The metrics of a service's events: events appended to its outbox, latency and outcome of consumed events, retries, dead letters.
// Except for retries, all are recorded after the commit. Label values are the consumer group, event types of the contract and
// constants of the code, so the number of series is bounded whatever clients send.
import { Counter, Gauge, Histogram } from 'prom-client';
import type { DomainEvent, EventType } from '../../../schemas/generated/events.ts';
import type { HandledEvent } from './dispatch.ts';
import type { StreamRecord } from './event-stream.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Why a record was kept as a dead letter. */
const deadLetterReasons = ['undecodable', 'rejected', 'unexpected'] as const;
export type DeadLetterReason = (typeof deadLetterReasons)[number];

/** Callbacks that the consumer and the replay of dead letters call. */
export interface ConsumerEvents {
  /** The event of the record was handled: its transaction is committed. */
  readonly handled: (record: StreamRecord, handled: HandledEvent, delivery: 'live' | 'replay') => void;
  /** An attempt has failed and will be repeated. */
  readonly retried: () => void;
  readonly deadLettered: (reason: DeadLetterReason) => void;
}

interface ObservedConsumer {
  /** Why the consumer has halted; undefined while it has not. */
  readonly halted: () => string | undefined;
  readonly waitingKeys: () => number;
}

interface EventMetrics extends ConsumerEvents {
  readonly appended: (events: readonly DomainEvent[]) => void;
  /** Begins the series of these event types at 0. */
  readonly subscribed: (types: readonly EventType[]) => void;
  /** Reads the consumer at each scrape; `consumer` returns undefined before the consumer has started. */
  readonly observe: (consumer: () => ObservedConsumer | undefined) => void;
}

interface EventMetricsOptions {
  readonly group: string;
  readonly emitted: readonly EventType[];
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Not less than 0, although the two times come from different clocks. */
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
    help: 'Events that were handled, by outcome; replays of dead letters included.',
    labelNames: ['group', 'event_type', 'outcome', 'reason'],
    registers,
  });
  const duplicates = new Counter({
    name: 'orderflow_inbox_duplicates_total',
    help: 'Deliveries of events that had been handled before.',
    labelNames: ['group', 'event_type'],
    registers,
  });
  const publication = new Histogram({
    name: 'orderflow_event_publication_seconds',
    help: 'From occurredAt of an event, a time before its transaction begins, to its publication in Kafka.',
    labelNames: ['group', 'event_type'],
    buckets,
    registers,
  });
  const consumption = new Histogram({
    name: 'orderflow_event_consumption_seconds',
    help: 'From the publication of an event in Kafka to the commit of the transaction that handled it.',
    labelNames: ['group', 'event_type'],
    buckets,
    registers,
  });
  const retries = new Counter({
    name: 'orderflow_event_retries_total',
    help: 'Failed attempts that are followed by another attempt.',
    labelNames: ['group'],
    registers,
  });
  const deadLetters = new Counter({
    name: 'orderflow_dead_letters_total',
    help: 'Records that were kept as dead letters, by reason.',
    labelNames: ['group', 'reason'],
    registers,
  });
  // The series that are known now start at 0, because `rate` does not count the first value of a new series.
  for (const type of emitted) appended.inc({ event_type: type }, 0);
  for (const reason of deadLetterReasons) deadLetters.inc({ group, reason }, 0);
  retries.inc({ group }, 0);

  return {
    appended: (events) => {
      for (const { type } of events) appended.inc({ event_type: type });
    },
    subscribed: (types) => {
      for (const type of types) {
        const labels = { group, event_type: type };
        handled.inc({ ...labels, outcome: 'accepted', reason: 'none' }, 0);
        duplicates.inc(labels, 0);
        publication.zero(labels);
        consumption.zero(labels);
      }
    },
    handled: (record, { event, outcome }, delivery) => {
      const labels = { group, event_type: event.type };
      handled.inc({ ...labels, outcome: outcome.kind, reason: outcome.reason ?? 'none' });
      if (outcome.kind === 'duplicate') duplicates.inc(labels);
      // Duplicates and replays are left out of the latencies, because their age does not measure the pipeline.
      else if (delivery === 'live') {
        publication.observe(labels, secondsBetween(event.metadata.occurredAt, record.timestamp));
        consumption.observe(labels, secondsBetween(record.timestamp, new Date()));
      }
    },
    retried: () => {
      retries.inc({ group });
    },
    deadLettered: (reason) => {
      deadLetters.inc({ group, reason });
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
        'Whether the consumer has halted because most records would become dead letters.',
        ({ halted }) => Number(halted() !== undefined),
      );
      gauge(
        'orderflow_consumer_waiting_keys',
        'Keys whose next record failed and is retried; other keys continue.',
        ({ waitingKeys }) => waitingKeys(),
      );
    },
  };
}
