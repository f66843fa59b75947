import { expect, it } from 'vitest';
import type { Pipeline, PipelineProblem } from '../../api/types.ts';
import { causesOf, conditionOf, restartHelps } from './causes.ts';

const problem = (name: PipelineProblem['problem']): PipelineProblem => ({
  problem: name,
  level: 'broken',
  sentence: name,
  remedy: '',
  since: '2026-01-01T00:00:00Z',
});
const names = (...problems: PipelineProblem['problem'][]) =>
  causesOf(problems.map(problem)).map(({ problem: name }) => name);

it('treats a failed task and a stall as consequences of a missing slot', () => {
  expect(names('slot_missing', 'task_failed', 'stalled')).toEqual(['slot_missing']);
  expect(names('task_failed', 'stalled')).toEqual(['task_failed', 'stalled']);
  expect(restartHelps([problem('slot_missing')])).toBe(false);
  expect(restartHelps([problem('task_failed')])).toBe(true);
});

it('shows a paused pipeline as paused, unless it has another root cause', () => {
  const condition = (...problems: PipelineProblem['problem'][]) =>
    conditionOf({
      status: 'broken',
      connector: { state: 'paused' },
      problems: problems.map(problem),
    } as unknown as Pipeline);
  expect(condition('connector_paused', 'stalled')).toBe('paused');
  expect(condition('connector_paused', 'slot_lost')).toBe('broken');
});
