import { expect, it } from 'vitest';
import { exceededCounts } from './gate.ts';

const baseline = { transactionsPerOrder: 10, roundTripsPerOrder: 31 };

it.each([
  ['lower counts than the baseline', { transactionsPerOrder: 9, roundTripsPerOrder: 20 }, 0],
  ['counts up to 10 % above the baseline', { transactionsPerOrder: 11, roundTripsPerOrder: 34 }, 0],
  [
    'transactions more than 10 % above the baseline',
    { transactionsPerOrder: 11.1, roundTripsPerOrder: 31 },
    1,
  ],
  ['both counts more than 10 % above the baseline', { transactionsPerOrder: 12, roundTripsPerOrder: 40 }, 2],
])('%s (%j) exceed %d limits', (_name, measured, sentences) => {
  expect(exceededCounts(measured, baseline)).toHaveLength(sentences);
});
