// The problems that a pipeline can have. Each problem belongs to exactly one part of the pipeline.

/** The names are label values of the metric `orderflow_pipeline_problem`. */
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

export const pipelineParts = ['slot', 'connector', 'heartbeat', 'canary'] as const;
type PipelinePart = (typeof pipelineParts)[number];
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
  /** `broken`: events do not arrive, or will soon stop arriving. `warning`: events arrive, but the next fault may stop them. */
  readonly level: 'broken' | 'warning';
  readonly sentence: string;
  /** The command or the runbook section that repairs the problem. */
  readonly remedy: string;
  /** When the problem was first observed, ms. A judgement uses the monotonic clock of its `now`, a PipelineReport epoch time. */
  readonly since: number;
}
