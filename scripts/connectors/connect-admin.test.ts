import { expect, it } from 'vitest';
import { columnsOf } from '../doctor/read-database.ts';
import { readConnector } from './files.ts';
import { lsnText } from './connect-admin.ts';

it.each([
  [0, '0/0'],
  [29_525_600, '0/1C28660'],
  [2 ** 32 * 5 + 255, '5/FF'],
])('the stored position %d is %s in the notation of PostgreSQL', (stored, text) => {
  expect(lsnText(stored)).toBe(text);
});

it('columnsOf returns the outbox columns that a connector uses for the router and for the headers', () => {
  expect(columnsOf(readConnector('order'))).toEqual(
    expect.arrayContaining(['aggregate_type', 'id', 'aggregate_id', 'payload', 'event_type', 'traceparent']),
  );
});
