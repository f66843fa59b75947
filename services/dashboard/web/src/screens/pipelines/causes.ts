// Separates the root causes among the problems of a pipeline from their consequences. Pure.
import type { Pipeline, PipelineProblem } from '../../api/types.ts';
import type { Tone } from '../../parts/state-badge.tsx';

/** Each of these problems explains all other problems of its pipeline. */
const rootCauses = new Set([
  'database_away',
  'slot_missing',
  'slot_lost',
  'connect_away',
  'connector_absent',
  'connector_paused',
]);

/** The problems to act on: the root causes, or all problems if none of them is a root cause. */
export const causesOf = (problems: readonly PipelineProblem[]): readonly PipelineProblem[] => {
  const causes = problems.filter(({ problem }) => rootCauses.has(problem));
  return causes.length === 0 ? problems : causes;
};

/** The tone of a problem. A connector that was paused on purpose is not an error, although its events do not arrive. */
export const toneOf = ({ problem, level }: Pick<PipelineProblem, 'problem' | 'level'>): Tone =>
  level === 'broken' && problem !== 'connector_paused' ? 'bad' : 'wait';

/** Distinguishes a connector that was paused on purpose from a broken pipeline. */
export const conditionOf = ({ status, connector, problems }: Pipeline): 'healthy' | 'paused' | 'broken' => {
  if (status !== 'broken') return 'healthy';
  const isPaused =
    connector.state === 'paused' && causesOf(problems).every(({ problem }) => problem === 'connector_paused');
  return isPaused ? 'paused' : 'broken';
};

/** False while the slot is missing or lost: a restarted connector fails again until `npm run recover` has created a new slot. */
export const restartHelps = (problems: readonly PipelineProblem[]): boolean =>
  !problems.some(({ problem }) => problem === 'slot_missing' || problem === 'slot_lost');
