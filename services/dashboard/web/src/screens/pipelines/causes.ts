// Which problems of a pipeline are causes. Pure.
import type { Pipeline, PipelineProblem } from '../../api/types.ts';

/** With one of these, whatever else is wrong with the pipeline follows from it. */
const roots = new Set([
  'database_away',
  'slot_missing',
  'slot_lost',
  'connect_away',
  'connector_absent',
  'connector_paused',
]);

/** The problems that somebody has to do something about: all of them, unless one explains the others. */
export const causesOf = (problems: readonly PipelineProblem[]): readonly PipelineProblem[] => {
  const causes = problems.filter(({ problem }) => roots.has(problem));
  return causes.length === 0 ? problems : causes;
};

/** Of a broken pipeline: paused on purpose, or broken. */
export const conditionOf = ({ status, connector, problems }: Pipeline): 'flows' | 'paused' | 'broken' => {
  if (status !== 'broken') return 'flows';
  const isPause =
    connector.state === 'paused' && causesOf(problems).every(({ problem }) => problem === 'connector_paused');
  return isPause ? 'paused' : 'broken';
};

/** A slot that is not there is made by a command; a restart of the connector would fail again. */
export const restartHelps = (problems: readonly PipelineProblem[]): boolean =>
  !problems.some(({ problem }) => problem === 'slot_missing' || problem === 'slot_lost');
