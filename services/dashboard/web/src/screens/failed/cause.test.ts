import { expect, it } from 'vitest';
import { parseFingerprint, messageOf } from './cause.ts';

it.each([
  ['Error|23514|order.created', { eventType: 'order.created', errorKind: 'Error, code 23514' }],
  ['UndecodableRecord||', { eventType: undefined, errorKind: 'UndecodableRecord' }],
  ['Error||odd|type', { eventType: 'odd|type', errorKind: 'Error' }],
])('parses the fingerprint %s', (fingerprint, expected) => {
  expect(parseFingerprint(fingerprint)).toEqual(expected);
});

it('removes the error class, unless the message is empty', () => {
  expect(messageOf('PostgresError: new row violates check')).toBe('new row violates check');
  expect(messageOf('Error: ')).toBe('Error: ');
});
