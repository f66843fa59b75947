import { expect, it } from 'vitest';
import { causeOf, messageOf } from './cause.ts';

it.each([
  ['Error|23514|order.created', { eventType: 'order.created', kind: 'Error, code 23514' }],
  ['UndecodableRecord||', { eventType: undefined, kind: 'UndecodableRecord' }],
  ['Error||odd|type', { eventType: 'odd|type', kind: 'Error' }],
])('%s in words', (fingerprint, cause) => {
  expect(causeOf(fingerprint)).toEqual(cause);
});

it('says the error without its class, and an error without text as it is', () => {
  expect(messageOf('PostgresError: new row violates check')).toBe('new row violates check');
  expect(messageOf('Error: ')).toBe('Error: ');
});
