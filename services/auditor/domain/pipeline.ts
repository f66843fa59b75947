// Judges the pipeline from one outbox to its topic. The state in Connect is not enough: a task is RUNNING even when its slot is
// invalidated, when it hangs, and when it may not write its heartbeat. So the state of the slot is read from the database, and
// canaries have to arrive. Some problems are reported only after a delay, because a restart is not an outage.
import type { ConnectorView } from './watchdog.ts';
import { type ProblemName, type Problem, partOf } from './pipeline-problems.ts';

export type SlotProblem =
  'missing' | 'lost' | 'endangered' | 'wrong_plugin' | 'unread' | 'lagging' | 'unbounded' | 'no_failover';

export interface SlotFinding extends Pick<Problem, 'level' | 'sentence' | 'remedy'> {
  readonly problem: SlotProblem;
}

export interface Observation {
  /** The state of the slot, or the error of the database. */
  readonly slot:
    | {
        readonly findings: readonly SlotFinding[];
        readonly confirmedLsn: string | null;
        readonly lagBytes: number | null;
      }
    | { readonly error: string };
  /** Whether the role of the connector may write its heartbeat; undefined when the database did not answer. */
  readonly heartbeatAllowed: boolean | undefined;
  readonly connector: ConnectorView;
  readonly gaveUp: boolean;
  /** Undefined when canaries are switched off. */
  readonly canary:
    | {
        /** The age of the oldest canary that has not arrived, ms. */
        readonly waitingMs: number;
        /** Whether the topic of the canaries is being read. */
        readonly isRead: boolean;
        /** Why the last canary could not be sent. */
        readonly error: string | undefined;
      }
    | undefined;
}

export interface Limits {
  /** The maximum round trip of a canary, ms. */
  readonly canaryMs: number;
}

/** The values that one judgement passes to the next. Times are ms of one clock. */
export interface Memory {
  readonly confirmedLsn: string | null;
  /** When a change of the slot's confirmed position was last observed. */
  readonly confirmedAt: number | undefined;
  /** When the connector was first observed as running, after it had not been running. */
  readonly runningSince: number | undefined;
  readonly since: Readonly<Partial<Record<ProblemName, number>>>;
}
export const noMemory: Memory = {
  confirmedLsn: null,
  confirmedAt: undefined,
  runningSince: undefined,
  since: {},
};

export interface Judgement {
  readonly problems: readonly Problem[];
  readonly memory: Memory;
}

/** How long a problem that a restart can cause must last before it is reported. Other problems are reported immediately. */
const toleranceMs: Readonly<Partial<Record<ProblemName, number>>> = {
  database_away: 8_000,
  connect_away: 8_000,
  task_idle: 15_000,
  canary_unseen: 15_000,
  canary_unsent: 8_000,
};

/** A connector that reads a backlog moves its slot at least once in this time; without a move, an overdue canary is `stalled`. */
const movesWithinMs = 10_000;
/** The position is stuck when it has not changed for this time (six heartbeats) and the lag exceeds `stuckBytes`. */
const stuckMs = 60_000;
const stuckBytes = 1024 * 1024;

const runbook = 'connectors/runbooks';
const statusCommand = 'npm run connectors -- status';

type Found = Pick<Problem, 'name' | 'level' | 'sentence' | 'remedy'>;

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
const firstLine = (text: string): string => text.split('\n')[0] ?? '';

/** By default, the remedy is the section of alerts.md with the name of the problem. */
const broken = (name: ProblemName, sentence: string, remedy = `${runbook}/alerts.md#${name}`): Found => ({
  name,
  level: 'broken',
  sentence,
  remedy,
});
const warning = (name: ProblemName, sentence: string): Found => ({
  ...broken(name, sentence),
  level: 'warning',
});

const judgeConnectorState = (connector: ConnectorView): Found[] => {
  switch (connector.kind) {
    case 'running':
      return [];
    case 'unknown':
      return [broken('connect_away', 'Kafka Connect does not answer.')];
    case 'absent':
      return [
        broken('connector_absent', 'Kafka Connect has no such connector.', 'npm run connectors -- apply'),
      ];
    case 'paused':
      return [
        broken(
          'connector_paused',
          'The connector is paused or stopped; its events wait in the WAL. Resume it on the page of the pipelines, or with the command.',
          'npm run connectors -- resume',
        ),
      ];
    case 'failed':
      return [
        broken(
          'task_failed',
          `The connector has failed: ${firstLine(connector.why)}`,
          `${runbook}/task-failed.md`,
        ),
      ];
    case 'idle':
      return [
        broken(
          'task_idle',
          `The task of the connector is not running: ${firstLine(connector.why)}.`,
          `${runbook}/task-failed.md`,
        ),
      ];
  }
};

const judgeWatchdog = (gaveUp: boolean): Found[] =>
  gaveUp
    ? [
        broken(
          'watchdog_gave_up',
          'The connector is still not running after as many restarts as WATCHDOG_RESTARTS allows.',
          `${runbook}/task-failed.md`,
        ),
      ]
    : [];

const judgeSlotState = (slot: Observation['slot']): Found[] =>
  'error' in slot
    ? [broken('database_away', `The database does not answer: ${firstLine(slot.error)}`)]
    : slot.findings.map(({ problem, ...rest }) => ({ name: `slot_${problem}` as const, ...rest }));

const judgeHeartbeat = ({ slot, heartbeatAllowed }: Observation, unmovedMs: number): Found[] => {
  const found: Found[] = [];
  if (heartbeatAllowed === false)
    found.push(
      broken(
        'heartbeat_forbidden',
        'The role of the connector may not write its heartbeat: while the outbox is quiet, the slot retains more and more WAL.',
      ),
    );
  const lagBytes = 'error' in slot ? null : slot.lagBytes;
  if (lagBytes !== null && lagBytes > stuckBytes && unmovedMs >= stuckMs)
    found.push(
      broken(
        'position_stuck',
        `The position of the slot has not moved for ${seconds(unmovedMs)}, though WAL is being written.`,
        `${runbook}/stalled-pipeline.md`,
      ),
    );
  return found;
};

const judgeCanary = ({ canary, slot }: Observation, unmovedMs: number, { canaryMs }: Limits): Found[] => {
  if (canary === undefined) return [];
  const found: Found[] = [];
  if (canary.error !== undefined && !('error' in slot))
    found.push(broken('canary_unsent', `Canaries cannot be sent: ${firstLine(canary.error)}`));
  const overdue = `A canary has been on its way for ${seconds(canary.waitingMs)}`;
  if (!canary.isRead)
    found.push(
      broken(
        'canary_unseen',
        'The topic of the canaries cannot be read, so it is unknown whether they arrive.',
      ),
    );
  else if (canary.waitingMs >= canaryMs)
    found.push(
      unmovedMs < movesWithinMs
        ? warning('behind', `${overdue}: events are late while the connector reads the backlog.`)
        : broken(
            'stalled',
            `${overdue}, and the position of the slot does not move: no events arrive, whatever state Connect reports (${statusCommand}).`,
            `${runbook}/stalled-pipeline.md`,
          ),
    );
  return found;
};

/** Judges one observation of a pipeline. `memory` is from the previous judgement. */
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
  const { kind } = observation.connector;
  // `unknown`: Connect does not answer, so the connector may have been running all the time.
  const runningSince =
    kind === 'running' ? (memory.runningSince ?? now) : kind === 'unknown' ? memory.runningSince : undefined;
  // A connector that has just started could not have moved the position before.
  const unmovedMs = now - Math.max(confirmedAt, runningSince ?? confirmedAt);
  const found = [
    ...judgeSlotState(slot),
    ...judgeConnectorState(observation.connector),
    ...judgeWatchdog(observation.gaveUp),
    ...judgeHeartbeat(observation, unmovedMs),
    ...judgeCanary(observation, unmovedMs, limits),
  ];
  const since = Object.fromEntries(found.map(({ name }) => [name, memory.since[name] ?? now]));
  const problems = found
    .map((problem): Problem => ({
      ...problem,
      part: partOf[problem.name],
      since: since[problem.name] ?? now,
    }))
    .filter(({ name, since: from }) => now - from >= (toleranceMs[name] ?? 0));
  return { problems, memory: { confirmedLsn: lsn, confirmedAt, runningSince, since } };
};

export const isBroken = (problems: readonly Problem[]): boolean =>
  problems.some(({ level }) => level === 'broken');
