import { expect, it } from 'vitest';
import { toOrdersSearch } from './orders-search.ts';

it('keeps valid filters', () => {
  const search = {
    status: 'PAID',
    reason: 'payment_failed',
    from: '2026-01-01',
    to: '2026-02-28',
    sort: 'oldest',
    stuck: 600,
  };
  expect(toOrdersSearch(search)).toEqual(search);
});

it('drops values that the page does not offer', () => {
  expect(
    toOrdersSearch({ status: 'LOST', reason: '', customer: [], from: 'today', sort: 'newest', stuck: 61 }),
  ).toEqual({});
  expect(toOrdersSearch({ stuck: 'toString' })).toEqual({});
  expect(toOrdersSearch({ from: '2026-13-01', to: '2026-01-32' })).toEqual({});
});
