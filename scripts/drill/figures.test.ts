import { describe, expect, it } from 'vitest';
import { containersIn } from './containers.ts';
import { complaints, longestGap, tableOf, type Outcome } from './figures.ts';

const calm: Outcome = {
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
  it('is the longest gap, in whatever order the times come', () => {
    expect(longestGap(1_000, [9_000, 1_200, 1_500])).toBe(7_500);
  });
  it('counts from the beginning of the load, and is nothing without times', () => {
    expect(longestGap(1_000, [4_000, 4_100])).toBe(3_000);
    expect(longestGap(1_000, [])).toBe(0);
  });
});

describe('an outcome', () => {
  it('is fine when all is paid, no pause is too long and nothing was found', () => {
    expect(complaints(calm, 30_000)).toEqual([]);
  });
  it.each([
    [{ ...calm, paid: 78 }, '2 of 80 orders were not paid'],
    [{ ...calm, acceptedPauseMs: 31_000 }, 'a pause of 31.0 s, longer than 30.0 s'],
    [{ ...calm, findings: ['order x was charged twice'] }, 'order x was charged twice'],
  ])('is not fine otherwise: %#', (outcome, sentence) => {
    expect(complaints(outcome, 30_000)).toEqual([sentence]);
  });
  it('is a row of the table', () => {
    expect(tableOf([calm, { ...calm, part: 'order-db', findings: ['a', 'b'] }])).toEqual([
      'part         away   placed   paid   none accepted for   none paid for   slowest order   auditor',
      'kafka      12.3 s       80     80               0.4 s          14.2 s          15.0 s   all holds',
      'order-db   12.3 s       80     80               0.4 s          14.2 s          15.0 s   2 findings',
    ]);
  });
});

describe('what docker compose ps prints', () => {
  const [kafka, job] = [
    { ID: 'b', Service: 'kafka', State: 'running', Health: 'healthy' },
    { ID: 'a', Service: 'topics', State: 'exited' },
  ];
  const order = { ID: 'c', Service: 'order', State: 'running' };
  const running = [
    { id: 'b', part: 'kafka' },
    { id: 'c', part: 'order' },
  ];
  it('is an object a line, of which those count that run', () => {
    const lines = [order, job, kafka].map((one) => JSON.stringify(one)).join('\n');
    expect(containersIn(`${lines}\n`)).toEqual(running);
  });
  it('is one array in older versions, and nothing when nothing is there', () => {
    expect(containersIn(JSON.stringify([order, job, kafka]))).toEqual(running);
    expect(containersIn('')).toEqual([]);
    expect(containersIn('[]')).toEqual([]);
  });
});
