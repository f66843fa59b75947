import { describe, expect, it } from 'vitest';
import { isBroken, judgePipeline, noMemory, type Observation } from './pipeline.ts';
import type { ProblemName } from './pipeline-problems.ts';

const limits = { canaryMs: 15_000 };
const healthy = {
  slot: { findings: [], confirmedLsn: '0/1', lagBytes: 0 },
  heartbeatAllowed: true,
  connector: { kind: 'running' },
  gaveUp: false,
  canary: { waitingMs: 0, isRead: true, error: undefined },
} satisfies Observation;

/** Judges every five seconds. Returns the first second at which each problem was reported. */
const simulate = (
  seconds: number,
  at: (second: number) => Partial<Observation>,
): Partial<Record<ProblemName, number>> => {
  const reported: Partial<Record<ProblemName, number>> = {};
  let memory = noMemory;
  for (let second = 0; second <= seconds; second += 5) {
    const judged = judgePipeline({ ...healthy, ...at(second) }, memory, second * 1_000, limits);
    memory = judged.memory;
    for (const { name } of judged.problems) reported[name] ??= second;
  }
  return reported;
};
const slotAt = (confirmedLsn: string, lagBytes = 0) => ({ findings: [], confirmedLsn, lagBytes });
const canary = (waitingMs: number) => ({ waitingMs, isRead: true, error: undefined });

describe('a pipeline', () => {
  it('that delivers events has no problem', () => {
    expect(simulate(120, (second) => ({ slot: slotAt(`0/${second}`) }))).toEqual({});
  });

  it('with an idle database has no problem, although its slot position does not move', () => {
    expect(simulate(300, () => ({}))).toEqual({});
  });

  it('whose task has failed is reported immediately', () => {
    const reported = simulate(30, (second) => ({
      connector: second >= 10 ? { kind: 'failed', why: 'trace\n at' } : { kind: 'running' },
    }));
    expect(reported).toEqual({ task_failed: 10 });
  });

  it('is reported when, for longer than a restart takes, its task is idle or Connect or the database does not answer', () => {
    expect(simulate(60, () => ({ connector: { kind: 'idle', why: 'UNASSIGNED' } }))).toEqual({
      task_idle: 15,
    });
    expect(simulate(60, () => ({ connector: { kind: 'unknown' } }))).toEqual({ connect_away: 10 });
    expect(simulate(60, () => ({ slot: { error: 'ECONNREFUSED' } }))).toEqual({ database_away: 10 });
    const away = simulate(60, (second) => (second === 20 ? { connector: { kind: 'unknown' } } : {}));
    expect(away).toEqual({});
  });

  it('is broken by a broken slot, and not by a warning about the slot', () => {
    const finding = (problem: 'lost' | 'unbounded', level: 'broken' | 'warning') =>
      ({ problem, level, sentence: 's', remedy: 'r' }) as const;
    const judged = (found: ReturnType<typeof finding>) =>
      judgePipeline({ ...healthy, slot: { ...healthy.slot, findings: [found] } }, noMemory, 0, limits)
        .problems;
    expect(judged(finding('lost', 'broken'))).toMatchObject([{ name: 'slot_lost', part: 'slot' }]);
    expect(isBroken(judged(finding('lost', 'broken')))).toBe(true);
    expect(isBroken(judged(finding('unbounded', 'warning')))).toBe(false);
  });

  it('that delivers nothing is stalled once a canary is overdue, although its connector is running', () => {
    const reported = simulate(60, (second) => ({ canary: canary(Math.max(second - 5, 0) * 1_000) }));
    expect(reported).toEqual({ stalled: 20 });
  });

  it('that reads a backlog is behind, which is a warning', () => {
    const reported = simulate(60, (second) => ({
      slot: slotAt(`0/${second}`),
      canary: canary(second * 1_000),
    }));
    expect(reported).toEqual({ behind: 15 });
    const { problems } = judgePipeline(
      { ...healthy, canary: canary(20_000) },
      { ...noMemory, confirmedLsn: '0/0', confirmedAt: 0 },
      1_000,
      limits,
    );
    expect(isBroken(problems)).toBe(false);
  });

  it('that delivers nothing is stalled, even if Connect does not answer now and then', () => {
    const reported = simulate(60, (second) => ({
      connector: { kind: second % 10 === 5 ? 'unknown' : 'running' },
      canary: canary(second * 1_000),
    }));
    expect(reported).toEqual({ stalled: 15 });
  });

  it('whose connector was resumed is behind, not stalled, until the connector has had time to move the position', () => {
    const paused = (second: number) => (second < 60 ? { connector: { kind: 'paused' } as const } : {});
    const overdue = (second: number) => ({ ...paused(second), canary: canary(second * 1_000) });
    expect(simulate(65, overdue)).toEqual({ connector_paused: 0, stalled: 15, behind: 60 });
    const { stalled, ...afterResume } = simulate(80, (second) =>
      second < 20 ? { connector: { kind: 'paused' } } : overdue(60 + second),
    );
    expect([stalled, afterResume]).toEqual([30, { connector_paused: 0, behind: 20 }]);
  });

  it('whose position does not move while WAL is written is reported without any canary', () => {
    const reported = simulate(120, (second) => ({
      slot: slotAt('0/1', second * 1_000_000),
      canary: undefined,
    }));
    expect(reported).toEqual({ position_stuck: 60 });
  });

  it('whose heartbeat is forbidden is reported immediately, although the task runs and canaries arrive', () => {
    expect(simulate(10, () => ({ heartbeatAllowed: false }))).toEqual({ heartbeat_forbidden: 0 });
    expect(simulate(10, () => ({ heartbeatAllowed: undefined }))).toEqual({});
  });

  it('whose canary topic cannot be read is not called stalled', () => {
    const reported = simulate(60, () => ({ canary: { waitingMs: 60_000, isRead: false, error: undefined } }));
    expect(reported).toEqual({ canary_unseen: 15 });
  });

  it('whose database refuses canaries has the problem canary_unsent, unless the database does not answer at all', () => {
    const refused = { waitingMs: 0, isRead: true, error: 'permission denied' };
    expect(simulate(60, () => ({ canary: refused }))).toEqual({ canary_unsent: 10 });
    expect(simulate(60, () => ({ canary: refused, slot: { error: 'gone' } }))).toEqual({ database_away: 10 });
  });

  it('keeps the start time of a problem until the problem is over', () => {
    const failed = { ...healthy, connector: { kind: 'failed', why: 'w' } } as const;
    const first = judgePipeline(failed, noMemory, 5_000, limits);
    const second = judgePipeline(failed, first.memory, 10_000, limits);
    expect(second.problems).toMatchObject([{ name: 'task_failed', since: 5_000 }]);
    const over = judgePipeline(healthy, second.memory, 15_000, limits);
    expect(judgePipeline(failed, over.memory, 20_000, limits).problems).toMatchObject([{ since: 20_000 }]);
  });
});
