import { describe, expect, it } from 'vitest';
import {
  judgeConnector,
  initialWatchdogState,
  idleToleranceMs,
  steadyMs,
  type ConnectorView,
  type WatchdogState,
} from './watchdog.ts';

const idle: ConnectorView = { kind: 'idle', why: 'UNASSIGNED' };
const failed: ConnectorView = { kind: 'failed', why: 'trace' };
const running: ConnectorView = { kind: 'running' };
const limit = 6;

/** Judges every five seconds. Returns the time and kind of each restart, and the times at which the watchdog gave up. */
const simulate = (seconds: number, connectorAt: (second: number) => ConnectorView) => {
  const restarts: [number, string][] = [];
  const gaveUp: number[] = [];
  let state: WatchdogState = initialWatchdogState;
  for (let second = 0; second <= seconds; second += 5) {
    const verdict = judgeConnector(connectorAt(second), state, second * 1_000, limit);
    state = verdict.state;
    if (verdict.restart !== 'nothing') restarts.push([second, verdict.restart]);
    if (verdict.gaveUp) gaveUp.push(second);
  }
  return { restarts, gaveUp };
};
const timesOf = (restarts: [number, string][]): number[] => restarts.map(([second]) => second);

describe('a connector that has failed', () => {
  it('is restarted immediately, then after growing pauses, until the limit', () => {
    const { restarts, gaveUp } = simulate(600, () => failed);
    expect(restarts).toEqual([0, 5, 15, 35, 75, 155].map((second) => [second, 'failed']));
    expect(gaveUp[0]).toBe(315);
    expect(gaveUp.at(-1)).toBe(600);
  });

  it('is not considered recovered when it runs for a moment after each restart', () => {
    const { restarts, gaveUp } = simulate(900, (second) => (second % 10 === 5 ? running : failed));
    expect(restarts).toHaveLength(limit);
    expect(gaveUp.length).toBeGreaterThan(0);
  });

  it('gets all restarts again once it has run for long enough, also after the watchdog gave up', () => {
    const recovers = 400;
    const fails = recovers + steadyMs / 1_000 + 5;
    const { restarts, gaveUp } = simulate(600, (second) =>
      second >= recovers && second < fails ? running : failed,
    );
    expect(timesOf(restarts).slice(limit, limit + 3)).toEqual([fails, fails + 5, fails + 15]);
    expect(gaveUp.every((second) => second < recovers || second > fails + 100)).toBe(true);
  });

  it('keeps its growing pauses when Connect does not answer in between', () => {
    const { restarts } = simulate(60, (second) => (second % 10 === 5 ? { kind: 'unknown' } : failed));
    expect(timesOf(restarts)).toEqual([0, 10, 20, 40]);
  });
});

describe('a connector that is idle', () => {
  it('is restarted with all tasks once it is idle for longer than a rebalance, until the limit', () => {
    const { restarts, gaveUp } = simulate(900, () => idle);
    expect(restarts[0]).toEqual([idleToleranceMs / 1_000, 'all']);
    expect(restarts).toHaveLength(limit);
    expect(new Set(restarts.map(([, what]) => what))).toEqual(new Set(['all']));
    expect(gaveUp.length).toBeGreaterThan(0);
  });

  it('is not restarted when it runs in between', () => {
    expect(simulate(120, (second) => (second % 20 === 15 ? running : idle)).restarts).toEqual([]);
  });

  it('is restarted immediately when it fails', () => {
    expect(simulate(15, (second) => (second < 10 ? idle : failed)).restarts[0]).toEqual([10, 'failed']);
  });
});

describe('a connector', () => {
  it.each(['paused', 'absent', 'unknown'] as const)('that is %s is not restarted', (kind) => {
    expect(simulate(120, () => ({ kind }))).toEqual({ restarts: [], gaveUp: [] });
  });
});
