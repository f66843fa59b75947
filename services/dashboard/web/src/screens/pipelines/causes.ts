// Tells the causes among the problems of a pipeline from their consequences. Pure.
import type { Pipeline, PipelineProblem } from '../../api/types.ts';

/** A root cause: all other problems of the pipeline follow from it. */
const rootCauses = new Set([
  'database_away',
  'slot_missing',
  'slot_lost',
  'connect_away',
  'connector_absent',
  'connector_paused',
]);

/** The problems to act on: the root causes, or all problems if there is none. */
export const causesOf = (problems: readonly PipelineProblem[]): readonly PipelineProblem[] => {
  const causes = problems.filter(({ problem }) => rootCauses.has(problem));
  return causes.length === 0 ? problems : causes;
};

/** Distinguishes a connector that was paused on purpose from a broken pipeline. */
export const conditionOf = ({ status, connector, problems }: Pipeline): 'healthy' | 'paused' | 'broken' => {
  if (status !== 'broken') return 'healthy';
  const isPause =
    connector.state === 'paused' && causesOf(problems).every(({ problem }) => problem === 'connector_paused');
  return isPause ? 'paused' : 'broken';
};

/** A missing slot has to be created by a command; until then a restarted connector fails again. */
export const restartHelps = (problems: readonly PipelineProblem[]): boolean =>
  !problems.some(({ problem }) => problem === 'slot_missing' || problem === 'slot_lost');
