// The URL parameters of the list of all orders: the filters and the sorting.
import type { AllOrdersFilter } from '../../api/admin-queries.ts';
import { isOrderStatus } from '../../parts/order-status.ts';
import { textsIn } from '../../parts/search-texts.ts';

/** The values of the stuck filter, in seconds: an order counts as stuck when it has not changed for this long. */
export const stuckTimes = { 60: '1 minute', 600: '10 minutes', 3_600: '1 hour' } as const;

/** Undefined for a value that the filter does not offer. */
export const describeStuckTime = (seconds: number): string | undefined =>
  (stuckTimes as Readonly<Record<number, string>>)[seconds];

const isDay = (value: unknown): value is string => {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const day = new Date(`${value}T00:00Z`);
  // JavaScript reads 31 February as 3 March.
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value);
};

export const toOrdersSearch = (search: Readonly<Record<string, unknown>>): AllOrdersFilter => {
  const { status, from, to, sort, stuck } = search;
  return {
    ...(isOrderStatus(status) ? { status } : {}),
    ...textsIn(search, 'reason', 'customer'),
    ...(isDay(from) ? { from } : {}),
    ...(isDay(to) ? { to } : {}),
    ...(sort === 'oldest' ? { sort } : {}),
    ...(typeof stuck === 'number' && describeStuckTime(stuck) !== undefined ? { stuck } : {}),
  };
};
