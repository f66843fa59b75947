import { expect, it } from 'vitest';
import { causeOf, messageOf } from './cause.ts';

it.each([
  ['Error|23514|order.created', { eventType: 'order.created', kind: 'Error, code 23514' }],
  ['UndecodableRecord||', { eventType: undefined, kind: 'UndecodableRecord' }],
  ['Error||odd|type', { eventType: 'odd|type', kind: 'Error' }],
])('parses the fingerprint %s', (fingerprint, cause) => {
  expect(causeOf(fingerprint)).toEqual(cause);
});

it('removes the class from an error, unless there is no other text', () => {
  expect(messageOf('PostgresError: new row violates check')).toBe('new row violates check');
  expect(messageOf('Error: ')).toBe('Error: ');
});
