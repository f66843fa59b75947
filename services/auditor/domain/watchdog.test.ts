import { describe, expect, it } from 'vitest';
import {
  judgeConnector,
  noTrouble,
  patienceMs,
  steadyMs,
  type ConnectorView,
  type Trouble,
} from './watchdog.ts';

const idle: ConnectorView = { kind: 'idle', why: 'UNASSIGNED' };
const failed: ConnectorView = { kind: 'failed', why: 'trace' };
const running: ConnectorView = { kind: 'running' };
const limit = 6;

/** Looks every five seconds from 0 on; when it restarted what, and when it said that it had given up. */
const watch = (seconds: number, stateAt: (second: number) => ConnectorView) => {
  const restarts: [number, string][] = [];
  const gaveUp: number[] = [];
  let trouble: Trouble = noTrouble;
  for (let second = 0; second <= seconds; second += 5) {
    const verdict = judgeConnector(stateAt(second), trouble, second * 1_000, limit);
    trouble = verdict.trouble;
    if (verdict.restart !== 'nothing') restarts.push([second, verdict.restart]);
    if (verdict.gaveUp) gaveUp.push(second);
  }
  return { restarts, gaveUp };
};
const seconds = (restarts: [number, string][]): number[] => restarts.map(([second]) => second);

describe('a connector that has failed', () => {
  it('is restarted at once, then after longer and longer pauses, then no more', () => {
    const { restarts, gaveUp } = watch(600, () => failed);
    expect(restarts).toEqual([0, 5, 15, 35, 75, 155].map((second) => [second, 'failed']));
    expect(gaveUp[0]).toBe(315);
    expect(gaveUp.at(-1)).toBe(600);
  });

  it('that runs for a moment after each restart is not taken for well', () => {
    const { restarts, gaveUp } = watch(900, (second) => (second % 10 === 5 ? running : failed));
    expect(restarts).toHaveLength(limit);
    expect(gaveUp.length).toBeGreaterThan(0);
  });

  it('starts afresh once it has run for long enough, also after it was given up', () => {
    const wellAgain = 400;
    const failsAgain = wellAgain + steadyMs / 1_000 + 5;
    const { restarts, gaveUp } = watch(600, (second) =>
      second >= wellAgain && second < failsAgain ? running : failed,
    );
    expect(seconds(restarts).slice(limit, limit + 3)).toEqual([failsAgain, failsAgain + 5, failsAgain + 15]);
    expect(gaveUp.every((second) => second < wellAgain || second > failsAgain + 100)).toBe(true);
  });

  it('is not restarted faster because the worker was away in between', () => {
    const { restarts } = watch(60, (second) => (second % 10 === 5 ? { kind: 'unknown' } : failed));
    expect(seconds(restarts)).toEqual([0, 10, 20, 40]);
  });
});

describe('a connector that is idle', () => {
  it('is left alone for as long as a rebalance may take, then wholly restarted, but not for ever', () => {
    const { restarts, gaveUp } = watch(900, () => idle);
    expect(restarts[0]).toEqual([patienceMs / 1_000, 'all']);
    expect(restarts).toHaveLength(limit);
    expect(new Set(restarts.map(([, what]) => what))).toEqual(new Set(['all']));
    expect(gaveUp.length).toBeGreaterThan(0);
  });

  it('is not restarted when it runs in between', () => {
    expect(watch(120, (second) => (second % 20 === 15 ? running : idle)).restarts).toEqual([]);
  });

  it('is restarted at once when it fails after all', () => {
    expect(watch(15, (second) => (second < 10 ? idle : failed)).restarts[0]).toEqual([10, 'failed']);
  });
});

describe('a connector that somebody has paused, or that is not there', () => {
  it.each(['paused', 'absent', 'unknown'] as const)('%s: nothing is done', (kind) => {
    expect(watch(120, () => ({ kind }))).toEqual({ restarts: [], gaveUp: [] });
  });
});
