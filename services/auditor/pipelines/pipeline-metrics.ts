// The figures of the pipelines for Prometheus. Every label has few values, all of them from here. Most figures are those of
// the last look; the lag of the consumers is asked for when somebody looks at it, once for all who look within a few seconds.
import { Counter, Gauge, Histogram } from 'prom-client';
import type { EventStream } from '../../platform/messaging/event-stream.ts';
import { sharedAnswer, type Metrics } from '../../platform/telemetry/metrics.ts';
import { everyService, type Service } from '../domain/facts.ts';
import { problemNames } from '../domain/pipeline-problems.ts';
import type { PipelineEvents, PipelineReport, Pipelines } from './pipelines.ts';

const connectorStates = ['running', 'paused', 'absent', 'unknown', 'failed', 'idle'] as const;
const walStatuses = ['reserved', 'extended', 'unreserved', 'lost'] as const;

/** Who reads what; a test holds it against the topology. */
export const consumerGroups = everyService.map((service) => ({
  group: `${service}-service-group`,
  topics: everyService.filter((other) => other !== service).map((other) => `${other}-events`),
}));

const lagWithinMs = 3_000;
const lagFreshMs = 5_000;

export interface PipelineMetrics extends PipelineEvents {
  /** From now on the figures are these. */
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

  /** One figure per pipeline; undefined leaves the pipeline out. */
  const gauge = (name: string, help: string, read: (report: PipelineReport) => number | null | undefined) =>
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
  /** 1 for what is the case and 0 for all else, so that an alert can be written before it fires. */
  const states = (
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
  const count = (name: string, help: string, read: (report: PipelineReport) => number) =>
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

  gauge(
    'orderflow_pipeline_up',
    'Whether a pipeline flows: 1, or 0 when something about it is broken.',
    ({ status }) => (status === 'ok' ? 1 : 0),
  );
  gauge(
    'orderflow_pipeline_last_look_timestamp_seconds',
    'When the pipeline was last looked at.',
    ({ checkedAt }) => checkedAt.getTime() / 1_000,
  );
  states(
    'orderflow_pipeline_problem',
    'Problems of a pipeline at the last look.',
    'problem',
    problemNames,
    ({ problems }, value) => problems.some(({ name }) => name === value),
  );
  states(
    'orderflow_connector_state',
    'What Kafka Connect says of a connector.',
    'state',
    connectorStates,
    ({ connector }, value) => connector.kind === value,
  );
  states(
    'orderflow_slot_wal_status',
    'What PostgreSQL says of the WAL that the replication slot needs.',
    'status',
    walStatuses,
    ({ slot }, value) => slot?.walStatus === value,
  );
  gauge('orderflow_slot_active', 'Whether somebody reads the replication slot.', ({ slot }) =>
    slot === null ? undefined : Number(slot.active),
  );
  gauge(
    'orderflow_slot_lag_bytes',
    'WAL behind which the confirmed position of the replication slot is.',
    ({ slot }) => slot?.lagBytes,
  );
  gauge(
    'orderflow_slot_retained_wal_bytes',
    'WAL that is kept for the replication slot.',
    ({ slot }) => slot?.retainedBytes,
  );
  gauge(
    'orderflow_slot_safe_wal_bytes',
    'WAL that may still be written before the replication slot is in danger.',
    ({ slot }) => slot?.safeBytes,
  );
  gauge(
    'orderflow_slot_confirmed_age_seconds',
    'Since when the confirmed position of the replication slot, which every heartbeat moves, has not moved.',
    ({ confirmedSecondsAgo, slot }) => (slot === null ? undefined : confirmedSecondsAgo),
  );
  gauge(
    'orderflow_canary_waiting_seconds',
    'For how long the oldest canary has been on its way.',
    ({ canaries }) => canaries.waitingMs / 1_000,
  );
  count('orderflow_canaries_sent_total', 'Canaries sent by this instance.', ({ canaries }) => canaries.sent);
  count(
    'orderflow_canaries_lost_total',
    'Canaries that were overtaken by a later one.',
    ({ canaries }) => canaries.lost,
  );
  gauge('orderflow_watchdog_leader', 'Whether this instance restarts the connector.', ({ watchdog }) =>
    Number(watchdog.leads),
  );
  gauge(
    'orderflow_watchdog_gave_up',
    'Whether the watchdog restarts the connector no more.',
    ({ watchdog }) => Number(watchdog.gaveUp),
  );
  gauge(
    'orderflow_outbox_rows',
    'Rows of the outbox, as the statistics of the database estimate them.',
    ({ surroundings }) => surroundings?.outboxRows,
  );
  gauge(
    'orderflow_outbox_size_bytes',
    'The outbox on the disk, with its indexes.',
    ({ surroundings }) => surroundings?.outboxBytes,
  );
  gauge(
    'orderflow_outbox_oldest_row_age_seconds',
    'Age of the oldest row of the outbox, which retention deletes.',
    ({ surroundings }) => surroundings?.outboxOldestSeconds,
  );
  gauge(
    'orderflow_dead_letters_parked',
    'Events that a service has parked because it could not handle them.',
    ({ surroundings }) => surroundings?.parkedDeadLetters,
  );

  return {
    roundTrip: (service: Service, seconds) => {
      roundTrips.observe({ service }, seconds);
    },
    restarted: (service: Service) => {
      restarts.inc({ service });
    },
    observe: (pipelines, stream) => {
      latest = pipelines.latest;
      // No broker, no figures: whoever misses them has an alert for that.
      const lags = sharedAnswer(() => readLags(stream), { withinMs: lagWithinMs, freshMs: lagFreshMs });
      new Gauge({
        name: 'orderflow_consumer_lag_records',
        help: 'Records of a topic that a consumer group has still to read.',
        labelNames: ['group', 'topic'],
        registers,
        async collect() {
          const found = (await lags()) ?? [];
          this.reset();
          for (const { group, topic, records } of found) this.set({ group, topic }, records);
        },
      });
    },
  };
}

interface Lag {
  readonly group: string;
  readonly topic: string;
  readonly records: number;
}

const readLags = async (stream: Pick<EventStream, 'lag'>): Promise<readonly Lag[]> => {
  const found = consumerGroups.map(async ({ group, topics }) =>
    [...(await stream.lag(group, topics))].map(([topic, records]) => ({ group, topic, records })),
  );
  return (await Promise.all(found)).flat();
};
