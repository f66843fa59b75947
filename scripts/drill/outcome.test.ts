import { describe, expect, it } from 'vitest';
import { containersIn } from './containers.ts';
import { longestGap, problemsOf, tableOf, type Outcome } from './outcome.ts';

const good: Outcome = {
  part: 'kafka',
  awayMs: 12_345,
  placed: 80,
  paid: 80,
  acceptedPauseMs: 400,
  paidPauseMs: 14_200,
  slowestMs: 15_000,
  findings: [],
};

describe('the longest pause', () => {
  it('is the longest gap between the times, in any order', () => {
    expect(longestGap(1_000, [9_000, 1_200, 1_500])).toBe(7_500);
  });
  it('counts from the start of the load, and is 0 without times', () => {
    expect(longestGap(1_000, [4_000, 4_100])).toBe(3_000);
    expect(longestGap(1_000, [])).toBe(0);
  });
});

describe('an outcome', () => {
  it('has no problem when all orders are paid, no pause is too long and the auditor finds nothing', () => {
    expect(problemsOf(good, 30_000)).toEqual([]);
  });
  it.each([
    ['2 of 80 orders were not paid', { ...good, paid: 78 }],
    ['a pause of 31.0 s, longer than 30.0 s', { ...good, acceptedPauseMs: 31_000 }],
    ['order x was charged twice', { ...good, findings: ['order x was charged twice'] }],
  ])('has the problem: %s', (sentence, outcome) => {
    expect(problemsOf(outcome, 30_000)).toEqual([sentence]);
  });
  it('is a row of the table', () => {
    expect(tableOf([good, { ...good, part: 'order-db', findings: ['a', 'b'] }])).toEqual([
      'part         away   placed   paid   none accepted for   none paid for   slowest order   auditor',
      'kafka      12.3 s       80     80               0.4 s          14.2 s          15.0 s   no finding',
      'order-db   12.3 s       80     80               0.4 s          14.2 s          15.0 s   2 findings',
    ]);
  });
});

describe('the output of docker compose ps', () => {
  const [kafka, job] = [
    { ID: 'b', Service: 'kafka', State: 'running', Health: 'healthy' },
    { ID: 'a', Service: 'topics', State: 'exited' },
  ];
  const order = { ID: 'c', Service: 'order', State: 'running' };
  const running = [
    { id: 'b', part: 'kafka' },
    { id: 'c', part: 'order' },
  ];
  it('is one object per line; only running containers count', () => {
    const lines = [order, job, kafka].map((one) => JSON.stringify(one)).join('\n');
    expect(containersIn(`${lines}\n`)).toEqual(running);
  });
  it('is one array in older versions of docker compose, and can be empty', () => {
    expect(containersIn(JSON.stringify([order, job, kafka]))).toEqual(running);
    expect(containersIn('')).toEqual([]);
    expect(containersIn('[]')).toEqual([]);
  });
});
