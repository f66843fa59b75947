// Checks the pipelines from the outboxes to their topics every few seconds: reads connectors and slots, sends canaries, and
// restarts connectors that are not running. The judgement is in domain/. Sources fail independently: when a database hangs, only
// the readings of that database are missing.
import { v7 as uuidv7 } from 'uuid';
import { readConnectors, restartConnector } from './connect-rest.ts';
import type { EventStream } from '../../platform/messaging/event-stream.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { messageOf } from '../../platform/process/message-of.ts';
import type { SlotState } from './slot-health.ts';
import { every } from '../../platform/process/timer.ts';
import { arrive, noCanaries, send, waitingMs, type Canaries } from '../domain/canaries.ts';
import { everyService, topicOf, type Service } from '../domain/facts.ts';
import { recordActed, recordProblems, type ConnectorActed, type Incidents } from '../domain/incidents.ts';
import { isBroken, judgePipeline, noMemory, type Memory } from '../domain/pipeline.ts';
import type { Problem } from '../domain/pipeline-problems.ts';
import {
  initialWatchdogState,
  judgeConnector,
  type ConnectorView,
  type WatchdogState,
} from '../domain/watchdog.ts';
import type { DatabaseStatus, PipelineSession } from './pipeline-session.ts';

/** The names of connector, slot, role and canary topic of a pipeline; a test compares them with the topology. */
export const pipelineNames = (service: Service) => ({
  connector: `${service}-outbox`,
  slot: `${service}_outbox_slot`,
  cdcRole: `${service}_cdc`,
  canaryTopic: `${topicOf(service)}-canary`,
});

export interface PipelineReport {
  readonly service: Service;
  readonly status: 'ok' | 'broken';
  readonly checkedAt: Date;
  /** `since` is in epoch ms. */
  readonly problems: readonly Problem[];
  /** Null when the database did not answer or the slot does not exist. */
  readonly slot: SlotState | null;
  /** Seconds since the last observed change of the slot's confirmed position, which heartbeats and events move. */
  readonly confirmedSecondsAgo: number;
  readonly connector: ConnectorView;
  readonly canaries: Pick<Canaries, 'sent' | 'lost' | 'lastRoundTripMs'> & { readonly waitingMs: number };
  readonly watchdog: { readonly leads: boolean; readonly restarts: number; readonly gaveUp: boolean };
  /** Null when the database did not answer. */
  readonly database: DatabaseStatus | null;
}

/** The measurements of one check of a pipeline. */
export interface Sample {
  /** Epoch ms. */
  readonly at: number;
  readonly roundTripMs: number | null;
  readonly retainedBytes: number | null;
}

/** Half an hour, at one check every five seconds. */
const samplesKept = 360;

export interface Pipelines {
  /** The last check of each pipeline; empty before the first check. */
  readonly latest: () => readonly PipelineReport[];
  /** Samples of the latest checks, oldest first. */
  readonly samples: (service: Service) => readonly Sample[];
  /** The problems since the start of the process, with the actions on connectors, newest first. */
  readonly incidents: () => Incidents;
  /** Adds an action of an administrator to the incidents. */
  readonly recordActed: (service: Service, acted: ConnectorActed) => void;
  readonly stop: () => Promise<void>;
}

interface PipelineSettings {
  readonly connectUrl: string;
  readonly intervalMs: number;
  /** Maximum round trip of a canary, ms; with 0, no canaries are sent. */
  readonly canaryMs: number;
  /** Maximum number of consecutive restarts of a connector; 0 switches the watchdog off. */
  readonly restarts: number;
}

/** Metrics that are recorded when an event happens, not when Prometheus scrapes. */
export interface PipelineEvents {
  readonly observeRoundTrip: (service: Service, seconds: number) => void;
  readonly countRestart: (service: Service) => void;
}

interface PipelineSources {
  readonly sessions: Readonly<Record<Service, PipelineSession>>;
  readonly stream: EventStream;
  /** Makes the consumer group for the canaries unique to this process. */
  readonly instance: string;
}

const connectTimeoutMs = 4_000;

interface Attempt<T> {
  readonly value?: T;
  readonly error?: string;
}
const attempt = async <T>(work: () => Promise<T>): Promise<Attempt<T>> => {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: messageOf(error) };
  }
};

export function watchPipelines(
  { sessions, stream, instance }: PipelineSources,
  settings: PipelineSettings,
  events: PipelineEvents,
  logger: Logger,
): Pipelines {
  const sendsCanaries = settings.canaryMs > 0;
  const canaries = new Map<Service, Canaries>();
  const reports = new Map<Service, PipelineReport>();
  const memories = new Map<Service, Memory>();
  const watchdogStates = new Map<Service, WatchdogState>();
  const samples = new Map<Service, readonly Sample[]>();
  let incidents: Incidents = [];
  const lastActed = new Map<Service, ConnectorActed>();
  const record = (service: Service, acted: ConnectorActed): void => {
    lastActed.set(service, acted);
    incidents = recordActed(incidents, service, acted);
  };

  const serviceOf = new Map(everyService.map((service) => [pipelineNames(service).canaryTopic, service]));
  const canaryReader = sendsCanaries
    ? stream.subscribe({
        groupId: `auditor-canaries-${instance}`,
        topics: [...serviceOf.keys()],
        fromBeginning: true,
        onRecord: ({ topic, headers }) => {
          const service = serviceOf.get(topic);
          const before = service && canaries.get(service);
          if (!before) return Promise.resolve(undefined);
          const after = arrive(before, headers['id'] ?? '', performance.now());
          canaries.set(service, after);
          if (after !== before && after.lastRoundTripMs !== undefined) {
            events.observeRoundTrip(service, after.lastRoundTripMs / 1_000);
          }
          return Promise.resolve(undefined);
        },
      })
    : undefined;

  const sendCanary = async (service: Service): Promise<string | undefined> => {
    if (!sendsCanaries) return undefined;
    const id = uuidv7();
    const sentAt = performance.now();
    // Recorded before it is sent, because the canary may arrive before the database answers.
    const before = canaries.get(service) ?? noCanaries;
    canaries.set(service, send(before, { id, sentAt }));
    const { error } = await attempt(() => sessions[service].sendCanary(id));
    if (error === undefined) return undefined;
    // It is unknown whether the canary was committed, so it must not count as waiting.
    const now = canaries.get(service) ?? noCanaries;
    canaries.set(service, { ...now, inFlight: now.inFlight.filter((canary) => canary.id !== id) });
    return error;
  };

  /** Restarts the connector if the watchdog decides so and this instance leads. */
  const runWatchdog = async (
    service: Service,
    connector: ConnectorView,
    leads: boolean,
  ): Promise<{ readonly gaveUp: boolean; readonly restartedAt?: number }> => {
    if (!leads || settings.restarts === 0) {
      watchdogStates.delete(service);
      return { gaveUp: false };
    }
    const name = pipelineNames(service).connector;
    const before = watchdogStates.get(service) ?? initialWatchdogState;
    const verdict = judgeConnector(connector, before, performance.now(), settings.restarts);
    watchdogStates.set(service, verdict.state);
    if (verdict.restart !== 'nothing' && 'why' in connector) {
      const { restarts } = verdict.state;
      logger.warn('connector is not running; restarting it', {
        connector: name,
        state: connector.kind,
        why: connector.why.split('\n')[0],
        restart: restarts,
        of: settings.restarts,
      });
      events.countRestart(service);
      const what = verdict.restart;
      const { error } = await attempt(() =>
        restartConnector(settings.connectUrl, name, what, connectTimeoutMs),
      );
      if (error === undefined) return { gaveUp: verdict.gaveUp, restartedAt: Date.now() };
      logger.warn('the connector could not be restarted', { connector: name, error });
    }
    return { gaveUp: verdict.gaveUp };
  };

  const logChanges = (service: Service, before: readonly Problem[], after: readonly Problem[]): void => {
    for (const { name, level, sentence, remedy } of after) {
      if (before.some((problem) => problem.name === name)) continue;
      logger[level === 'broken' ? 'error' : 'warn']('pipeline problem', {
        pipeline: service,
        problem: name,
        sentence,
        remedy,
      });
    }
    for (const { name } of before) {
      if (after.some((problem) => problem.name === name)) continue;
      logger.info('pipeline problem is over', { pipeline: service, problem: name });
    }
  };

  const checkPipeline = async (
    service: Service,
    readingConnectors: Promise<Attempt<ReadonlyMap<string, ConnectorView>>>,
  ): Promise<void> => {
    const [slot, { value: connectors }] = await Promise.all([
      attempt(sessions[service].readSlot),
      readingConnectors,
    ]);
    const connector: ConnectorView =
      connectors === undefined
        ? { kind: 'unknown' }
        : (connectors.get(pipelineNames(service).connector) ?? { kind: 'absent' });
    const { value: database }: Attempt<DatabaseStatus> =
      slot.value === undefined ? {} : await attempt(sessions[service].readStatus);
    const leads = database?.leads === true;
    const { gaveUp, restartedAt } = await runWatchdog(service, connector, leads);
    // Durations use the monotonic clock, because a change of the system clock would look like a stalled pipeline.
    const now = performance.now();
    const checkedAt = Date.now();
    const waiting = waitingMs(canaries.get(service) ?? noCanaries, now);
    const canaryError = slot.value === undefined ? undefined : await sendCanary(service);
    const { problems, memory } = judgePipeline(
      {
        slot:
          slot.value === undefined
            ? { error: slot.error ?? 'no answer' }
            : {
                findings: slot.value.findings,
                confirmedLsn: slot.value.state?.confirmedLsn ?? null,
                lagBytes: slot.value.state?.lagBytes ?? null,
              },
        heartbeatAllowed: database?.heartbeatAllowed,
        connector,
        gaveUp,
        canary: canaryReader && {
          waitingMs: waiting,
          isRead: canaryReader.problem() === undefined,
          error: canaryError,
        },
      },
      memories.get(service) ?? noMemory,
      now,
      { canaryMs: settings.canaryMs },
    );
    memories.set(service, memory);
    logChanges(service, reports.get(service)?.problems ?? [], problems);
    const { sent, lost, lastRoundTripMs } = canaries.get(service) ?? noCanaries;
    const retainedBytes = slot.value?.state?.retainedBytes ?? null;
    samples.set(service, [
      ...(samples.get(service) ?? []).slice(1 - samplesKept),
      {
        at: checkedAt,
        // While a canary is waiting, its age counts if it is longer than the last round trip.
        roundTripMs: waiting > 0 ? Math.max(waiting, lastRoundTripMs ?? 0) : (lastRoundTripMs ?? null),
        retainedBytes,
      },
    ]);
    const reported = problems.map((problem) => ({
      ...problem,
      since: Math.round(checkedAt - (now - problem.since)),
    }));
    incidents = recordProblems(incidents, service, reported, checkedAt, lastActed.get(service));
    if (restartedAt !== undefined) record(service, { at: restartedAt, by: 'watchdog', action: 'restart' });
    reports.set(service, {
      service,
      status: isBroken(problems) ? 'broken' : 'ok',
      checkedAt: new Date(checkedAt),
      problems: reported,
      slot: slot.value?.state ?? null,
      confirmedSecondsAgo: (now - (memory.confirmedAt ?? now)) / 1_000,
      connector,
      canaries: { sent, lost, lastRoundTripMs, waitingMs: waiting },
      watchdog: { leads, restarts: watchdogStates.get(service)?.restarts ?? 0, gaveUp },
      database: database ?? null,
    });
  };

  const timer = every(
    settings.intervalMs,
    'the pipeline check',
    async () => {
      const readingConnectors = attempt<ReadonlyMap<string, ConnectorView>>(() =>
        readConnectors(settings.connectUrl, connectTimeoutMs),
      );
      await Promise.all(everyService.map((service) => checkPipeline(service, readingConnectors)));
    },
    logger,
  );

  return {
    latest: () => everyService.flatMap((service) => reports.get(service) ?? []),
    samples: (service) => samples.get(service) ?? [],
    incidents: () => incidents,
    recordActed: record,
    stop: async () => {
      await timer.stop();
      await canaryReader?.stop();
      await Promise.all(everyService.map((service) => sessions[service].close()));
    },
  };
}
