import { expect, it } from 'vitest';
import { exceededCounts } from './gate.ts';

const baseline = { transactionsPerOrder: 10, roundTripsPerOrder: 31 };

it.each([
  ['fewer', { transactionsPerOrder: 9, roundTripsPerOrder: 20 }, 0],
  ['10 % more', { transactionsPerOrder: 11, roundTripsPerOrder: 34 }, 0],
  ['more transactions', { transactionsPerOrder: 11.1, roundTripsPerOrder: 31 }, 1],
  ['more of both', { transactionsPerOrder: 12, roundTripsPerOrder: 40 }, 2],
])('%s than the baseline (%j) exceeds %d limits', (_name, measured, sentences) => {
  expect(exceededCounts(measured, baseline)).toHaveLength(sentences);
});
