// Watches the pipelines from the outboxes to their topics: every few seconds it asks Connect for its tasks and each database
// for its slot, sends a canary and looks whether the last ones have arrived, and lets the watchdog restart what has failed.
// What one look judges is in domain/; here is only the looking. Each source fails by itself: a database that hangs hides
// neither the other pipelines nor what Connect says of its own.
import { v7 as uuidv7 } from 'uuid';
import { readConnectors, restartConnector } from './connect-rest.ts';
import type { EventStream } from '../../platform/messaging/event-stream.ts';
import type { Logger } from '../../platform/process/logger.ts';
import type { SlotState } from './slot-health.ts';
import { every } from '../../platform/process/timer.ts';
import { arrive, noCanaries, send, waitingMs, type Canaries } from '../domain/canaries.ts';
import { everyService, type Service } from '../domain/facts.ts';
import { isBroken, judgePipeline, noMemory, type Memory } from '../domain/pipeline.ts';
import type { Problem } from '../domain/pipeline-problems.ts';
import { judgeConnector, noTrouble, type ConnectorView, type Trouble } from '../domain/watchdog.ts';
import type { PipelineSession, Surroundings } from './pipeline-session.ts';

/** What a pipeline consists of; a test holds it against the topology. */
export const pipelineNames = (service: Service) => ({
  connector: `${service}-outbox`,
  slot: `${service}_outbox_slot`,
  cdcRole: `${service}_cdc`,
  canaryTopic: `${service}-events-canary`,
});

export interface PipelineReport {
  readonly service: Service;
  readonly status: 'ok' | 'broken';
  readonly checkedAt: Date;
  readonly problems: readonly Problem[];
  /** Null: the database did not answer, or there is no such slot. */
  readonly slot: SlotState | null;
  /** Seconds since the slot's position was last seen to move: the age of the last heartbeat or event that took effect. */
  readonly confirmedSecondsAgo: number;
  readonly connector: ConnectorView;
  readonly canaries: Pick<Canaries, 'sent' | 'lost' | 'lastRoundTripMs'> & { readonly waitingMs: number };
  readonly watchdog: { readonly leads: boolean; readonly restarts: number; readonly gaveUp: boolean };
  /** Null: the database did not answer. */
  readonly surroundings: Surroundings | null;
}

/** What was seen of a pipeline at one look. */
export interface Sample {
  /** Epoch ms. */
  readonly at: number;
  readonly roundTripMs: number | null;
  readonly retainedBytes: number | null;
}

/** Half an hour of looks every five seconds. */
const samplesKept = 360;

export interface Pipelines {
  /** What was last seen of each; empty before the first look has ended. */
  readonly latest: () => readonly PipelineReport[];
  /** Of the last looks, the oldest first. */
  readonly samples: (service: Service) => readonly Sample[];
  readonly stop: () => Promise<void>;
}

export interface PipelineSettings {
  readonly connectUrl: string;
  readonly intervalMs: number;
  /** How long a canary may take; 0: none are sent. */
  readonly canaryMs: number;
  /** Restarts of a connector in a row; 0: the watchdog is off. */
  readonly restarts: number;
}

/** Told of what becomes a figure the moment it happens. */
export interface PipelineEvents {
  readonly roundTrip: (service: Service, seconds: number) => void;
  readonly restarted: (service: Service) => void;
}

export interface PipelineSources {
  readonly sessions: Readonly<Record<Service, PipelineSession>>;
  readonly stream: EventStream;
  /** Of this process: the consumer group in which it reads the canaries. */
  readonly instance: string;
}

const connectWithinMs = 4_000;

const sentenceOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
};

interface Attempt<T> {
  readonly value?: T;
  readonly error?: string;
}
const attempt = async <T>(work: () => Promise<T>): Promise<Attempt<T>> => {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: sentenceOf(error) };
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
  const troubles = new Map<Service, Trouble>();
  const samples = new Map<Service, readonly Sample[]>();

  const serviceOf = new Map(everyService.map((service) => [pipelineNames(service).canaryTopic, service]));
  const reading = sendsCanaries
    ? stream.subscribe({
        groupId: `auditor-canaries-${instance}`,
        topics: [...serviceOf.keys()],
        fromBeginning: true,
        onRecord: ({ topic, headers }) => {
          const service = serviceOf.get(topic);
          const known = service && canaries.get(service);
          if (!known) return Promise.resolve(undefined);
          const after = arrive(known, headers['id'] ?? '', performance.now());
          canaries.set(service, after);
          if (after !== known && after.lastRoundTripMs !== undefined) {
            events.roundTrip(service, after.lastRoundTripMs / 1_000);
          }
          return Promise.resolve(undefined);
        },
      })
    : undefined;

  const sendCanary = async (service: Service): Promise<string | undefined> => {
    if (!sendsCanaries) return undefined;
    const id = uuidv7();
    const sentAt = performance.now();
    // Known before it is sent: it may arrive before the database has answered.
    const before = canaries.get(service) ?? noCanaries;
    canaries.set(service, send(before, { id, sentAt }));
    const { error } = await attempt(() => sessions[service].sendCanary(id));
    if (error === undefined) return undefined;
    // Whether it was committed is not known; it is not waited for.
    const now = canaries.get(service) ?? noCanaries;
    canaries.set(service, { ...now, underWay: now.underWay.filter((canary) => canary.id !== id) });
    return error;
  };

  /** Restarts what the watchdog wants restarted, if this instance leads. */
  const guard = async (service: Service, connector: ConnectorView, leads: boolean): Promise<boolean> => {
    if (!leads || settings.restarts === 0) {
      troubles.delete(service);
      return false;
    }
    const name = pipelineNames(service).connector;
    const before = troubles.get(service) ?? noTrouble;
    const verdict = judgeConnector(connector, before, performance.now(), settings.restarts);
    troubles.set(service, verdict.trouble);
    if (verdict.restart !== 'nothing' && 'why' in connector) {
      const { restarts } = verdict.trouble;
      logger.warn('connector does not run; starting it again', {
        connector: name,
        state: connector.kind,
        why: connector.why.split('\n')[0],
        restart: restarts,
        of: settings.restarts,
      });
      events.restarted(service);
      const what = verdict.restart;
      const { error } = await attempt(() =>
        restartConnector(settings.connectUrl, name, what, connectWithinMs),
      );
      if (error !== undefined)
        logger.warn('the connector could not be restarted', { connector: name, error });
    }
    return verdict.gaveUp;
  };

  const tell = (service: Service, before: readonly Problem[], after: readonly Problem[]): void => {
    for (const { name, level, sentence, remedy } of after) {
      if (before.some((problem) => problem.name === name)) continue;
      logger[level === 'broken' ? 'error' : 'warn']('pipeline trouble', {
        pipeline: service,
        problem: name,
        sentence,
        remedy,
      });
    }
    for (const { name } of before) {
      if (after.some((problem) => problem.name === name)) continue;
      logger.info('pipeline trouble is over', { pipeline: service, problem: name });
    }
  };

  const lookAt = async (
    service: Service,
    asked: Promise<Attempt<ReadonlyMap<string, ConnectorView>>>,
  ): Promise<void> => {
    const [slot, { value: connectors }] = await Promise.all([attempt(sessions[service].slot), asked]);
    const connector: ConnectorView =
      connectors === undefined
        ? { kind: 'unknown' }
        : (connectors.get(pipelineNames(service).connector) ?? { kind: 'absent' });
    const around: Attempt<Surroundings> =
      slot.value === undefined ? {} : await attempt(sessions[service].surroundings);
    const leads = around.value?.leads === true;
    const gaveUp = await guard(service, connector, leads);
    // What is measured is measured with the monotonic clock: a step of the other one would be a stalled pipeline.
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
        heartbeatAllowed: around.value?.heartbeatAllowed,
        connector,
        gaveUp,
        canary: reading && { waitingMs: waiting, isRead: reading.isRunning(), error: canaryError },
      },
      memories.get(service) ?? noMemory,
      now,
      { canaryMs: settings.canaryMs },
    );
    memories.set(service, memory);
    tell(service, reports.get(service)?.problems ?? [], problems);
    const { sent, lost, lastRoundTripMs } = canaries.get(service) ?? noCanaries;
    const retainedBytes = slot.value?.state?.retainedBytes ?? null;
    samples.set(service, [
      ...(samples.get(service) ?? []).slice(1 - samplesKept),
      // One that is on its way for longer than the last one took will take at least that long.
      {
        at: checkedAt,
        roundTripMs: waiting > 0 ? Math.max(waiting, lastRoundTripMs ?? 0) : (lastRoundTripMs ?? null),
        retainedBytes,
      },
    ]);
    reports.set(service, {
      service,
      status: isBroken(problems) ? 'broken' : 'ok',
      checkedAt: new Date(checkedAt),
      problems: problems.map((problem) => ({
        ...problem,
        since: Math.round(checkedAt - (now - problem.since)),
      })),
      slot: slot.value?.state ?? null,
      confirmedSecondsAgo: (now - (memory.confirmedAt ?? now)) / 1_000,
      connector,
      canaries: { sent, lost, lastRoundTripMs, waitingMs: waiting },
      watchdog: { leads, restarts: troubles.get(service)?.restarts ?? 0, gaveUp },
      surroundings: around.value ?? null,
    });
  };

  const looking = every(
    settings.intervalMs,
    'the look at the pipelines',
    async () => {
      const asked = attempt<ReadonlyMap<string, ConnectorView>>(() =>
        readConnectors(settings.connectUrl, connectWithinMs),
      );
      await Promise.all(everyService.map((service) => lookAt(service, asked)));
    },
    logger,
  );

  return {
    latest: () => everyService.flatMap((service) => reports.get(service) ?? []),
    samples: (service) => samples.get(service) ?? [],
    stop: async () => {
      await looking.stop();
      await reading?.stop();
      await Promise.all(everyService.map((service) => sessions[service].close()));
    },
  };
}
