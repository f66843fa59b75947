import { expect, it } from 'vitest';
import { partitionLag } from './partition-lag.ts';

const lagOf = (low: string, high: string, committed: string | undefined) =>
  partitionLag({ partition: 2, low, high }, committed);

it('the lag counts the offsets from the committed offset to the end', () => {
  expect(lagOf('0', '30', '20')).toEqual({ partition: 2, end: 30, committed: 20, lag: 10 });
});

it('the lag counts from the first existing record when nothing is committed, or when the record at the committed offset was deleted', () => {
  expect(lagOf('5', '30', '-1')).toMatchObject({ committed: null, lag: 25 });
  expect(lagOf('5', '30', undefined)).toMatchObject({ committed: null, lag: 25 });
  expect(lagOf('5', '30', '3')).toMatchObject({ committed: 3, lag: 25 });
});

it('the lag is 0 when at most one offset is left, the marker at the end of the last transaction', () => {
  expect(lagOf('0', '30', '29')).toMatchObject({ lag: 0 });
  expect(lagOf('0', '30', '30')).toMatchObject({ lag: 0 });
});
