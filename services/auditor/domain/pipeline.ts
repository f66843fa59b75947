// What is known of the pipeline from one outbox to its topic, and what that means. Connect's word is not enough: it says
// RUNNING of a task whose slot is lost, of one that hangs, and of one that may not write its heartbeat. So the slot is asked
// at the database, and a canary has to arrive. Each problem has its own patience, because a restart is not an outage.
import type { ConnectorView } from './watchdog.ts';
import { type ProblemName, type Problem, partOf } from './pipeline-problems.ts';

/** What the judgement of the slot found, see services/auditor/pipelines/slot-health.ts. */
export interface SlotVerdict {
  readonly problem:
    'missing' | 'lost' | 'endangered' | 'wrong_plugin' | 'unread' | 'lagging' | 'unbounded' | 'no_failover';
  readonly level: 'broken' | 'warning';
  readonly sentence: string;
  readonly remedy: string;
}

export interface Observation {
  /** What the database says; the sentence of its error when it says nothing. */
  readonly slot:
    | {
        readonly findings: readonly SlotVerdict[];
        readonly confirmedLsn: string | null;
        readonly lagBytes: number | null;
      }
    | { readonly error: string };
  /** Whether the role of the connector may write its heartbeat; undefined when that could not be asked. */
  readonly heartbeatAllowed: boolean | undefined;
  readonly connector: ConnectorView;
  readonly gaveUp: boolean;
  /** Undefined when canaries are switched off. */
  readonly canary:
    | {
        /** Of the oldest on its way, ms. */
        readonly waitingMs: number;
        /** Whether the topic of the canaries is being read. */
        readonly isRead: boolean;
        /** Why the last one could not be sent. */
        readonly error: string | undefined;
      }
    | undefined;
}

export interface Limits {
  /** How long a canary may take, ms. */
  readonly canaryMs: number;
}

/** What is remembered from look to look. Times are epoch ms. */
export interface Memory {
  readonly confirmedLsn: string | null;
  /** When the slot's position was last seen to have moved. */
  readonly confirmedAt: number | undefined;
  readonly since: Readonly<Partial<Record<ProblemName, number>>>;
}
export const noMemory: Memory = { confirmedLsn: null, confirmedAt: undefined, since: {} };

export interface Judgement {
  readonly problems: readonly Problem[];
  readonly memory: Memory;
}

/** A part that restarts is away for a moment; what is longer is told. Whatever is not named is told at once. */
const patienceMs: Readonly<Partial<Record<ProblemName, number>>> = {
  database_away: 8_000,
  connect_away: 8_000,
  task_idle: 15_000,
  canary_unseen: 15_000,
  canary_unsent: 8_000,
};

/** The position of a slot that works off a backlog moves at least this often. */
const movesWithinMs = 10_000;
/** Six heartbeats; and less WAL than this is no reason to wonder. */
const stuckMs = 60_000;
const stuckBytes = 1024 * 1024;

const runbook = 'connectors/runbooks';
const statusCommand = 'npm run connectors -- status';

type Found = Pick<Problem, 'name' | 'level' | 'sentence' | 'remedy'>;

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
const firstLine = (text: string): string => text.split('\n')[0] ?? '';

const ofConnector = ({ connector, gaveUp }: Observation): Found[] => {
  const found = ((): Found[] => {
    switch (connector.kind) {
      case 'running':
        return [];
      case 'unknown':
        return [
          {
            name: 'connect_away',
            level: 'broken',
            sentence: 'Kafka Connect does not answer.',
            remedy: `${runbook}/alerts.md#connect_away`,
          },
        ];
      case 'absent':
        return [
          {
            name: 'connector_absent',
            level: 'broken',
            sentence: 'Kafka Connect knows no such connector.',
            remedy: 'npm run connectors -- apply',
          },
        ];
      case 'paused':
        return [
          {
            name: 'connector_paused',
            level: 'broken',
            sentence: 'The connector was paused or stopped by somebody; events wait in the WAL.',
            remedy: `${runbook}/alerts.md#connector_paused`,
          },
        ];
      case 'failed':
        return [
          {
            name: 'task_failed',
            level: 'broken',
            sentence: `The connector has failed: ${firstLine(connector.why)}`,
            remedy: `${runbook}/task-failed.md`,
          },
        ];
      case 'idle':
        return [
          {
            name: 'task_idle',
            level: 'broken',
            sentence: `The task of the connector does not run: ${firstLine(connector.why)}.`,
            remedy: `${runbook}/task-failed.md`,
          },
        ];
    }
  })();
  return gaveUp
    ? [
        ...found,
        {
          name: 'watchdog_gave_up',
          level: 'broken',
          sentence:
            'The connector was restarted as often as WATCHDOG_RESTARTS allows, and runs no better for it.',
          remedy: `${runbook}/task-failed.md`,
        },
      ]
    : found;
};

const ofSlot = ({ slot }: Observation): Found[] =>
  'error' in slot
    ? [
        {
          name: 'database_away',
          level: 'broken',
          sentence: `The database does not answer: ${firstLine(slot.error)}`,
          remedy: `${runbook}/alerts.md#database_away`,
        },
      ]
    : slot.findings.map(({ problem, ...rest }) => ({ name: `slot_${problem}` as const, ...rest }));

const ofHeartbeat = ({ slot, heartbeatAllowed }: Observation, stillMs: number): Found[] => {
  const found: Found[] = [];
  if (heartbeatAllowed === false)
    found.push({
      name: 'heartbeat_forbidden',
      level: 'broken',
      sentence:
        'The role of the connector may not write its heartbeat: beside a quiet outbox the slot holds back ever more WAL.',
      remedy: `${runbook}/alerts.md#heartbeat_forbidden`,
    });
  const lagBytes = 'error' in slot ? null : slot.lagBytes;
  if (lagBytes !== null && lagBytes > stuckBytes && stillMs >= stuckMs)
    found.push({
      name: 'position_stuck',
      level: 'broken',
      sentence: `The position of the slot has not moved for ${seconds(stillMs)}, though WAL is being written.`,
      remedy: `${runbook}/stalled-pipeline.md`,
    });
  return found;
};

const ofCanary = ({ canary, slot }: Observation, stillMs: number, { canaryMs }: Limits): Found[] => {
  if (canary === undefined) return [];
  const found: Found[] = [];
  if (canary.error !== undefined && !('error' in slot))
    found.push({
      name: 'canary_unsent',
      level: 'broken',
      sentence: `No canary can be sent: ${firstLine(canary.error)}`,
      remedy: `${runbook}/alerts.md#canary_unsent`,
    });
  if (!canary.isRead)
    found.push({
      name: 'canary_unseen',
      level: 'broken',
      sentence: 'The topic of the canaries cannot be read, so nobody knows whether any arrive.',
      remedy: `${runbook}/alerts.md#canary_unseen`,
    });
  else if (canary.waitingMs >= canaryMs)
    found.push(
      stillMs < movesWithinMs
        ? {
            name: 'behind',
            level: 'warning',
            sentence: `A canary has been on its way for ${seconds(canary.waitingMs)}: events are late, but the slot moves on.`,
            remedy: `${runbook}/alerts.md#behind`,
          }
        : {
            name: 'stalled',
            level: 'broken',
            sentence: `A canary has been on its way for ${seconds(canary.waitingMs)}, and the slot does not move: nothing arrives, whatever Connect says of its task (${statusCommand}).`,
            remedy: `${runbook}/stalled-pipeline.md`,
          },
    );
  return found;
};

/** Judges one look at a pipeline in the light of what was seen before. */
export const judgePipeline = (
  observation: Observation,
  memory: Memory,
  now: number,
  limits: Limits,
): Judgement => {
  const { slot } = observation;
  const lsn = 'error' in slot ? memory.confirmedLsn : slot.confirmedLsn;
  const confirmedAt =
    memory.confirmedAt === undefined || lsn !== memory.confirmedLsn ? now : memory.confirmedAt;
  const stillMs = now - confirmedAt;
  const found = [
    ...ofSlot(observation),
    ...ofConnector(observation),
    ...ofHeartbeat(observation, stillMs),
    ...ofCanary(observation, stillMs, limits),
  ];
  const since = Object.fromEntries(found.map(({ name }) => [name, memory.since[name] ?? now]));
  const problems = found
    .map((problem): Problem => ({
      ...problem,
      part: partOf[problem.name],
      since: since[problem.name] ?? now,
    }))
    .filter(({ name, since: from }) => now - from >= (patienceMs[name] ?? 0));
  return { problems, memory: { confirmedLsn: lsn, confirmedAt, since } };
};

export const isBroken = (problems: readonly Problem[]): boolean =>
  problems.some(({ level }) => level === 'broken');
