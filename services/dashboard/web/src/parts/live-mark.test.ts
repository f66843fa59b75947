import { expect, it } from 'vitest';
import { livePaging } from '../api/live-paging.ts';
import { liveStateOf } from './live-mark.tsx';

const query = { isError: false, dataUpdatedAt: Date.parse('2026-01-01T12:00:00Z') };
const pages = (count: number) => ({ pages: Array.from({ length: count }, () => ({})) });

it('a list is live and polled while at most five pages are loaded', () => {
  const kinds = [undefined, pages(1), pages(5), pages(6)].map((data) => liveStateOf({ ...query, data }).kind);
  expect(kinds).toEqual(['connecting', 'live', 'live', 'paused']);
  const { refetchInterval, refetchOnWindowFocus } = livePaging(5_000);
  expect(refetchInterval({ state: { data: pages(5) } })).toBe(5_000);
  expect(refetchInterval({ state: { data: pages(6) } })).toBe(false);
  expect(refetchOnWindowFocus({ state: { data: pages(6) } })).toBe(false);
});

it('data that is not a list is live until a request fails', () => {
  expect(liveStateOf({ ...query, data: { status: 'PAID' } })).toEqual({ kind: 'live' });
  expect(liveStateOf({ ...query, data: {}, isError: true })).toEqual({
    kind: 'stale',
    since: '2026-01-01T12:00:00.000Z',
  });
});
