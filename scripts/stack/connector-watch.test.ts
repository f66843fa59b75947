import { describe, expect, it } from 'vitest';
import { stateOf, type ConnectorState } from './connect-rest.ts';
import { judge, noTrouble, patienceMs, type Trouble } from './connector-watch.ts';

const status = (connector: string, ...tasks: string[]) => ({
  name: 'order-outbox',
  connector: { state: connector, worker_id: 'w' },
  tasks: tasks.map((state, id) => ({ id, state, worker_id: 'w', trace: `${state} because\nof this` })),
});

describe('what Connect says of a connector', () => {
  it.each([
    ['running', status('RUNNING', 'RUNNING')],
    ['failed', status('RUNNING', 'FAILED')],
    ['failed', status('FAILED')],
    ['idle', status('RUNNING', 'UNASSIGNED')],
    ['idle', status('UNASSIGNED', 'RUNNING')],
    ['idle', status('RUNNING', 'RESTARTING')],
    ['idle', status('RUNNING')],
    ['paused', status('PAUSED', 'PAUSED')],
    ['paused', status('STOPPED')],
    ['idle', {}],
  ])('%s: %j', (kind, body) => {
    expect(stateOf(body).kind).toBe(kind);
  });

  it('a failure comes with the beginning of its trace', () => {
    expect(stateOf(status('RUNNING', 'FAILED'))).toEqual({
      kind: 'failed',
      why: 'FAILED because\n    of this',
    });
  });
});

const idle: ConnectorState = { kind: 'idle', why: 'UNASSIGNED' };
const failed: ConnectorState = { kind: 'failed', why: 'trace' };
const running: ConnectorState = { kind: 'running' };

/** Looks every two seconds from 0 on; when it restarted what. */
const watch = (seconds: number, stateAt: (second: number) => ConnectorState): [number, string][] => {
  const restarts: [number, string][] = [];
  let trouble: Trouble = noTrouble;
  for (let second = 0; second <= seconds; second += 2) {
    const verdict = judge(stateAt(second), trouble, second * 1_000);
    trouble = verdict.trouble;
    if (verdict.restart !== 'nothing') restarts.push([second, verdict.restart]);
  }
  return restarts;
};

describe('a connector that has failed', () => {
  it('is restarted at once, then after longer and longer pauses', () => {
    expect(watch(90, () => failed)).toEqual([0, 2, 8, 18, 48, 78].map((second) => [second, 'failed']));
  });

  it('starts afresh once it has run', () => {
    expect(watch(30, (second) => (second === 20 ? running : failed)).slice(-3)).toEqual([
      [22, 'failed'],
      [24, 'failed'],
      [30, 'failed'],
    ]);
  });
});

describe('a connector that is idle', () => {
  it('is left alone for as long as a rebalance may take, then wholly restarted, again and again', () => {
    const restarts = watch(150, () => idle);
    expect(restarts[0]).toEqual([patienceMs / 1_000, 'all']);
    expect(restarts.length).toBeLessThanOrEqual(6);
    expect(new Set(restarts.map(([, what]) => what))).toEqual(new Set(['all']));
  });

  it('is not restarted when it runs in between', () => {
    expect(watch(120, (second) => (second % 20 === 18 ? running : idle))).toEqual([]);
  });

  it('is restarted at once when it fails after all', () => {
    expect(watch(12, (second) => (second < 10 ? idle : failed))[0]).toEqual([10, 'failed']);
  });
});

describe('a connector that somebody has paused', () => {
  it('stays so', () => {
    expect(watch(120, () => ({ kind: 'paused' }))).toEqual([]);
  });
});
