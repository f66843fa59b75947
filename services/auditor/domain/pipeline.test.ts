import { describe, expect, it } from 'vitest';
import { isBroken, judgePipeline, noMemory, type Observation } from './pipeline.ts';
import type { ProblemName } from './pipeline-problems.ts';

const limits = { canaryMs: 15_000 };
const well = {
  slot: { findings: [], confirmedLsn: '0/1', lagBytes: 0 },
  heartbeatAllowed: true,
  connector: { kind: 'running' },
  gaveUp: false,
  canary: { waitingMs: 0, isRead: true, error: undefined },
} satisfies Observation;

/** Looks every five seconds; the first second at which each problem was told. */
const watch = (
  seconds: number,
  at: (second: number) => Partial<Observation>,
): Partial<Record<ProblemName, number>> => {
  const told: Partial<Record<ProblemName, number>> = {};
  let memory = noMemory;
  for (let second = 0; second <= seconds; second += 5) {
    const judged = judgePipeline({ ...well, ...at(second) }, memory, second * 1_000, limits);
    memory = judged.memory;
    for (const { name } of judged.problems) told[name] ??= second;
  }
  return told;
};
const slotAt = (confirmedLsn: string, lagBytes = 0) => ({ findings: [], confirmedLsn, lagBytes });
const canary = (waitingMs: number) => ({ waitingMs, isRead: true, error: undefined });

describe('a pipeline', () => {
  it('in which everything moves is well', () => {
    expect(watch(120, (second) => ({ slot: slotAt(`0/${second}`) }))).toEqual({});
  });

  it('with a quiet database is well, though its position does not move', () => {
    expect(watch(300, () => ({}))).toEqual({});
  });

  it('whose task has failed is told at once', () => {
    const told = watch(30, (second) => ({
      connector: second >= 10 ? { kind: 'failed', why: 'trace\n at' } : { kind: 'running' },
    }));
    expect(told).toEqual({ task_failed: 10 });
  });

  it('whose task is idle, or whose Connect or database does not answer, gets the time that a restart takes', () => {
    expect(watch(60, () => ({ connector: { kind: 'idle', why: 'UNASSIGNED' } }))).toEqual({ task_idle: 15 });
    expect(watch(60, () => ({ connector: { kind: 'unknown' } }))).toEqual({ connect_away: 10 });
    expect(watch(60, () => ({ slot: { error: 'ECONNREFUSED' } }))).toEqual({ database_away: 10 });
    const away = watch(60, (second) => (second === 20 ? { connector: { kind: 'unknown' } } : {}));
    expect(away).toEqual({});
  });

  it('is broken by what the slot says of itself, and not by a warning of it', () => {
    const finding = (problem: 'lost' | 'unbounded', level: 'broken' | 'warning') =>
      ({ problem, level, sentence: 's', remedy: 'r' }) as const;
    const judged = (found: ReturnType<typeof finding>) =>
      judgePipeline({ ...well, slot: { ...well.slot, findings: [found] } }, noMemory, 0, limits).problems;
    expect(judged(finding('lost', 'broken'))).toMatchObject([{ name: 'slot_lost', part: 'slot' }]);
    expect(isBroken(judged(finding('lost', 'broken')))).toBe(true);
    expect(isBroken(judged(finding('unbounded', 'warning')))).toBe(false);
  });

  it('that stands still is stalled once a canary is overdue, whatever Connect says', () => {
    const told = watch(60, (second) => ({ canary: canary(Math.max(second - 5, 0) * 1_000) }));
    expect(told).toEqual({ stalled: 20 });
  });

  it('that works off a backlog is behind, which is a warning', () => {
    const told = watch(60, (second) => ({ slot: slotAt(`0/${second}`), canary: canary(second * 1_000) }));
    expect(told).toEqual({ behind: 15 });
    const { problems } = judgePipeline(
      { ...well, canary: canary(20_000) },
      { ...noMemory, confirmedLsn: '0/0', confirmedAt: 0 },
      1_000,
      limits,
    );
    expect(isBroken(problems)).toBe(false);
  });

  it('whose position does not move while WAL is written is told of, without any canary', () => {
    const told = watch(120, (second) => ({ slot: slotAt('0/1', second * 1_000_000), canary: undefined }));
    expect(told).toEqual({ position_stuck: 60 });
  });

  it('whose heartbeat is forbidden is told of at once, while the task runs and canaries arrive', () => {
    expect(watch(10, () => ({ heartbeatAllowed: false }))).toEqual({ heartbeat_forbidden: 0 });
    expect(watch(10, () => ({ heartbeatAllowed: undefined }))).toEqual({});
  });

  it('of which nobody can see canaries arrive is not called stalled', () => {
    const told = watch(60, () => ({ canary: { waitingMs: 60_000, isRead: false, error: undefined } }));
    expect(told).toEqual({ canary_unseen: 15 });
  });

  it('that refuses canaries says so, unless its database is away altogether', () => {
    const refused = { waitingMs: 0, isRead: true, error: 'permission denied' };
    expect(watch(60, () => ({ canary: refused }))).toEqual({ canary_unsent: 10 });
    expect(watch(60, () => ({ canary: refused, slot: { error: 'gone' } }))).toEqual({ database_away: 10 });
  });

  it('remembers since when, and forgets what is over', () => {
    const failed = { ...well, connector: { kind: 'failed', why: 'w' } } as const;
    const first = judgePipeline(failed, noMemory, 5_000, limits);
    const second = judgePipeline(failed, first.memory, 10_000, limits);
    expect(second.problems).toMatchObject([{ name: 'task_failed', since: 5_000 }]);
    const over = judgePipeline(well, second.memory, 15_000, limits);
    expect(judgePipeline(failed, over.memory, 20_000, limits).problems).toMatchObject([{ since: 20_000 }]);
  });
});
