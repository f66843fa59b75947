// The Prometheus metrics of the pipelines. Labels have few values, all known in advance. Most metrics show the last check. The
// consumer lag is read when Prometheus scrapes; scrapes within a few seconds share one read.
import { Counter, Gauge, Histogram } from 'prom-client';
import type { EventStream } from '../../platform/messaging/event-stream.ts';
import { cachedRead, type Metrics } from '../../platform/telemetry/metrics.ts';
import { consumerGroupOf, everyService, topicOf } from '../domain/facts.ts';
import { problemNames } from '../domain/pipeline-problems.ts';
import type { PipelineEvents, PipelineReport, Pipelines } from './pipelines.ts';

const connectorStates = ['running', 'paused', 'absent', 'unknown', 'failed', 'idle'] as const;
const walStatuses = ['reserved', 'extended', 'unreserved', 'lost'] as const;

/** The topics that each consumer group reads; a test compares this list with the topology. */
export const consumerGroups = everyService.map((service) => ({
  group: consumerGroupOf(service),
  topics: everyService.filter((other) => other !== service).map(topicOf),
}));

/** The lag of each consumer group in records, per topic and per partition. */
export const readLags = (stream: Pick<EventStream, 'lag'>) =>
  Promise.all(
    consumerGroups.map(async ({ group, topics }) => ({
      group,
      topics: [...(await stream.lag(group, topics))].map(([topic, partitions]) => ({
        topic,
        lag: partitions.reduce((sum, { lag }) => sum + lag, 0),
        partitions: [...partitions],
      })),
    })),
  );

const lagTimeoutMs = 3_000;
const lagFreshMs = 5_000;

interface PipelineMetrics extends PipelineEvents {
  /** Connects the metrics to their sources. Before this call, most metrics have no samples. */
  readonly observe: (pipelines: Pick<Pipelines, 'latest'>, stream: Pick<EventStream, 'lag'>) => void;
}

export function createPipelineMetrics({ registry }: Metrics): PipelineMetrics {
  const registers = [registry];
  let latest: () => readonly PipelineReport[] = () => [];

  const roundTrips = new Histogram({
    name: 'orderflow_canary_round_trip_seconds',
    help: 'From sending a canary through an outbox to reading it from its topic.',
    labelNames: ['service'],
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 300],
    registers,
  });
  const restarts = new Counter({
    name: 'orderflow_watchdog_restarts_total',
    help: 'Restarts of a connector by the watchdog of this instance.',
    labelNames: ['service'],
    registers,
  });
  for (const service of everyService) {
    roundTrips.zero({ service });
    restarts.inc({ service }, 0);
  }

  /** One sample per pipeline; null or undefined leaves the pipeline out. */
  const addGauge = (
    name: string,
    help: string,
    read: (report: PipelineReport) => number | null | undefined,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ['service'],
      registers,
      collect() {
        this.reset();
        for (const report of latest()) {
          const value = read(report);
          if (value !== undefined && value !== null) this.set({ service: report.service }, value);
        }
      },
    });
  /** 1 for each value that applies and 0 for the others, so that alerts find a series before a problem occurs. */
  const addStates = (
    name: string,
    help: string,
    label: string,
    values: readonly string[],
    holds: (report: PipelineReport, value: string) => boolean,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ['service', label],
      registers,
      collect() {
        this.reset();
        for (const report of latest()) {
          for (const value of values) {
            this.set({ service: report.service, [label]: value }, holds(report, value) ? 1 : 0);
          }
        }
      },
    });
  const addCounter = (name: string, help: string, read: (report: PipelineReport) => number) =>
    new Counter({
      name,
      help,
      labelNames: ['service'],
      registers,
      collect() {
        this.reset();
        for (const report of latest()) this.inc({ service: report.service }, read(report));
      },
    });

  addGauge(
    'orderflow_pipeline_up',
    '1 when a pipeline delivers events, 0 when it is broken.',
    ({ status }) => (status === 'ok' ? 1 : 0),
  );
  addGauge(
    'orderflow_pipeline_last_look_timestamp_seconds',
    'When the pipeline was last checked.',
    ({ checkedAt }) => checkedAt.getTime() / 1_000,
  );
  addStates(
    'orderflow_pipeline_problem',
    'Problems of a pipeline at the last check.',
    'problem',
    problemNames,
    ({ problems }, value) => problems.some(({ name }) => name === value),
  );
  addStates(
    'orderflow_connector_state',
    'State of a connector in Kafka Connect.',
    'state',
    connectorStates,
    ({ connector }, value) => connector.kind === value,
  );
  addStates(
    'orderflow_slot_wal_status',
    'Whether the WAL that the replication slot needs is available (wal_status).',
    'status',
    walStatuses,
    ({ slot }, value) => slot?.walStatus === value,
  );
  addGauge('orderflow_slot_active', 'Whether the replication slot is being read.', ({ slot }) =>
    slot === null ? undefined : Number(slot.active),
  );
  addGauge(
    'orderflow_slot_lag_bytes',
    'WAL between the confirmed position of the replication slot and the end of the WAL.',
    ({ slot }) => slot?.lagBytes,
  );
  addGauge(
    'orderflow_slot_retained_wal_bytes',
    'WAL that is retained for the replication slot.',
    ({ slot }) => slot?.retainedBytes,
  );
  addGauge(
    'orderflow_slot_safe_wal_bytes',
    'WAL that may still be written before the replication slot is in danger.',
    ({ slot }) => slot?.safeBytes,
  );
  addGauge(
    'orderflow_slot_confirmed_age_seconds',
    'Time since the confirmed position of the replication slot last moved. Every heartbeat moves it.',
    ({ confirmedSecondsAgo, slot }) => (slot === null ? undefined : confirmedSecondsAgo),
  );
  addGauge(
    'orderflow_canary_waiting_seconds',
    'Age of the oldest canary that has not arrived.',
    ({ canaries }) => canaries.waitingMs / 1_000,
  );
  addCounter(
    'orderflow_canaries_sent_total',
    'Canaries sent by this instance.',
    ({ canaries }) => canaries.sent,
  );
  addCounter(
    'orderflow_canaries_lost_total',
    'Canaries that a later canary overtook.',
    ({ canaries }) => canaries.lost,
  );
  addGauge(
    'orderflow_watchdog_leader',
    'Whether this instance holds the lock of the watchdog of this pipeline.',
    ({ watchdog }) => Number(watchdog.leads),
  );
  addGauge(
    'orderflow_watchdog_gave_up',
    'Whether the watchdog has stopped restarting the connector.',
    ({ watchdog }) => Number(watchdog.gaveUp),
  );
  addGauge(
    'orderflow_outbox_rows',
    'Rows of the outbox, estimated from the statistics of the database.',
    ({ database }) => database?.outboxRows,
  );
  addGauge(
    'orderflow_outbox_size_bytes',
    'Size of the outbox on disk, with its indexes.',
    ({ database }) => database?.outboxBytes,
  );
  addGauge(
    'orderflow_outbox_oldest_row_age_seconds',
    'Age of the oldest row of the outbox. Retention deletes old rows.',
    ({ database }) => database?.outboxOldestSeconds,
  );
  addGauge(
    'orderflow_dead_letters_parked',
    'Dead letters that wait to be replayed or discarded.',
    ({ database }) => database?.parkedDeadLetters,
  );

  return {
    observeRoundTrip: (service, seconds) => {
      roundTrips.observe({ service }, seconds);
    },
    countRestart: (service) => {
      restarts.inc({ service });
    },
    observe: (pipelines, stream) => {
      latest = pipelines.latest;
      // While Kafka does not answer, the metric has no samples.
      const lags = cachedRead(() => readLags(stream), { timeoutMs: lagTimeoutMs, maxAgeMs: lagFreshMs });
      new Gauge({
        name: 'orderflow_consumer_lag_records',
        help: 'Records of a topic that a consumer group has not read yet.',
        labelNames: ['group', 'topic'],
        registers,
        async collect() {
          const groups = (await lags()) ?? [];
          this.reset();
          for (const { group, topics } of groups) {
            for (const { topic, lag } of topics) this.set({ group, topic }, lag);
          }
        },
      });
    },
  };
}
