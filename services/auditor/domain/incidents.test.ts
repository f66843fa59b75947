import { describe, expect, it } from 'vitest';
import { incidentsKept, recordActed, recordProblems, type Incidents } from './incidents.ts';
import type { ProblemName } from './pipeline-problems.ts';

const problem = (name: ProblemName, since: number, sentence: string = name) => ({
  name,
  level: 'broken' as const,
  sentence,
  since,
});
const restart = (at: number) => ({ at, by: 'watchdog', action: 'restart' }) as const;

describe('an incident', () => {
  it('begins with its problem, has the latest sentence of the problem, and ends with it', () => {
    const begun = recordProblems([], 'order', [problem('stalled', 5, 'for 15 s')], 10);
    const lasting = recordProblems(begun, 'order', [problem('stalled', 5, 'for 20 s')], 15);
    expect(lasting).toMatchObject([{ startedAt: 5, endedAt: null, sentence: 'for 20 s' }]);
    const ended = recordProblems(lasting, 'order', [], 20);
    expect(ended).toMatchObject([{ endedAt: 20, lastAction: null }]);
    expect(recordProblems(ended, 'order', [problem('stalled', 30)], 30)).toMatchObject([
      { startedAt: 30, endedAt: null },
      { startedAt: 5, endedAt: 20 },
    ]);
  });

  it('is not changed by checks and actions of other pipelines', () => {
    const begun = recordProblems([], 'order', [problem('task_failed', 5)], 10);
    expect(recordProblems(begun, 'payment', [], 15)).toEqual(begun);
    expect(recordActed(begun, 'payment', restart(15))).toEqual(begun);
  });

  it('has the last action of the 30 seconds before it, which can be its cause', () => {
    const pause = { at: 1_000, by: 'administrator', action: 'pause' } as const;
    const paused = problem('connector_paused', 20_000);
    expect(recordProblems([], 'order', [paused], 20_000, pause)).toMatchObject([{ lastAction: pause }]);
    const later = problem('stalled', 40_000);
    expect(recordProblems([], 'order', [later], 40_000, pause)).toMatchObject([{ lastAction: null }]);
  });

  it('counts the restarts by the watchdog, and keeps the last action', () => {
    let history: Incidents = recordProblems([], 'order', [problem('task_failed', 5)], 10);
    history = recordActed(recordActed(history, 'order', restart(10)), 'order', restart(20));
    history = recordActed(history, 'order', { at: 25, by: 'administrator', action: 'pause' });
    history = recordProblems(history, 'order', [problem('connector_paused', 30)], 30);
    history = recordActed(history, 'order', { at: 40, by: 'administrator', action: 'resume' });
    expect(recordProblems(history, 'order', [], 45)).toMatchObject([
      { name: 'connector_paused', restarts: 0, lastAction: { action: 'resume' } },
      { name: 'task_failed', restarts: 2, endedAt: 30, lastAction: { action: 'pause', at: 25 } },
    ]);
  });
});

it('the history is bounded: it drops the oldest incidents', () => {
  let history: Incidents = [];
  for (let at = 0; at < 2 * incidentsKept; at += 1)
    history = recordProblems(recordProblems(history, 'order', [problem('behind', at)], at), 'order', [], at);
  expect(history).toHaveLength(incidentsKept);
  expect(history[0]).toMatchObject({ startedAt: 2 * incidentsKept - 1 });
});
