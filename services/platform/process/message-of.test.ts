import { DrizzleQueryError } from 'drizzle-orm/errors';
import { expect, it } from 'vitest';
import { messageOf } from './message-of.ts';

const refused = new Error('connect ECONNREFUSED 127.0.0.1:5432');

it.each<[string, unknown, string]>([
  ['an error', refused, refused.message],
  ['an error with a message and a cause', new Error('no such topic', { cause: refused }), 'no such topic'],
  ['a failed query', new DrizzleQueryError('select 1', [], refused), refused.message],
  ['a failed request of fetch', new TypeError('fetch failed', { cause: refused }), refused.message],
  [
    'a connection that two addresses refuse',
    new AggregateError([refused, new Error('b')]),
    `${refused.message}; b`,
  ],
  ['an error without a message', new RangeError(), 'RangeError'],
  ['a value that is not an error', 'out of paper', 'out of paper'],
])('the message of %s names the reason', (_, thrown, message) => {
  expect(messageOf(thrown)).toBe(message);
});
