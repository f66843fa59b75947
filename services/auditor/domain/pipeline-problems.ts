// The catalogue of what can be wrong with a pipeline. The invariant: every problem belongs to exactly one part of a pipeline.

/** Everything that can be wrong with a pipeline; the names are values of a metric's label. */
export const problemNames = [
  'database_away',
  'slot_missing',
  'slot_lost',
  'slot_endangered',
  'slot_wrong_plugin',
  'slot_unread',
  'slot_lagging',
  'slot_unbounded',
  'slot_no_failover',
  'connect_away',
  'connector_absent',
  'connector_paused',
  'task_failed',
  'task_idle',
  'watchdog_gave_up',
  'heartbeat_forbidden',
  'position_stuck',
  'canary_unsent',
  'canary_unseen',
  'stalled',
  'behind',
] as const;
export type ProblemName = (typeof problemNames)[number];

/** The four questions that a pipeline is asked, and which problems are the answer to which. */
export const pipelineParts = ['slot', 'connector', 'heartbeat', 'canary'] as const;
export type PipelinePart = (typeof pipelineParts)[number];
export const partOf: Readonly<Record<ProblemName, PipelinePart>> = {
  database_away: 'slot',
  slot_missing: 'slot',
  slot_lost: 'slot',
  slot_endangered: 'slot',
  slot_wrong_plugin: 'slot',
  slot_unread: 'slot',
  slot_lagging: 'slot',
  slot_unbounded: 'slot',
  slot_no_failover: 'slot',
  connect_away: 'connector',
  connector_absent: 'connector',
  connector_paused: 'connector',
  task_failed: 'connector',
  task_idle: 'connector',
  watchdog_gave_up: 'connector',
  heartbeat_forbidden: 'heartbeat',
  position_stuck: 'heartbeat',
  canary_unsent: 'canary',
  canary_unseen: 'canary',
  stalled: 'canary',
  behind: 'canary',
};

export interface Problem {
  readonly name: ProblemName;
  readonly part: PipelinePart;
  /** `broken`: events do not arrive, or will not; `warning`: they do, but somebody should know. */
  readonly level: 'broken' | 'warning';
  readonly sentence: string;
  /** The section of connectors/runbooks/alerts.md, or the command, that says what to do. */
  readonly remedy: string;
  /** When it was first seen, epoch ms. */
  readonly since: number;
}
