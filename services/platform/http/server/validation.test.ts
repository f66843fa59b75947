import { expect, it } from 'vitest';
import { z } from 'zod';
import { describeIssue } from './validation.ts';

it.each<[string, z.ZodType, unknown]>([
  ['must not be empty', z.string().min(1), ''],
  ['must have at least 2 characters', z.string().min(2), 'a'],
  ['must have at most 3 characters', z.string().max(3), 'abcd'],
  ['must not be empty', z.array(z.string()).min(1), []],
  ['must have at most 1 entry', z.array(z.string()).max(1), ['a', 'b']],
  ['must be at least 1', z.number().min(1), 0],
  ['must be at most 9', z.number().max(9), 10],
  ['must be more than 0', z.number().gt(0), 0],
  ['must be less than 9', z.number().lt(9), 9],
  ['is required', z.string(), undefined],
  ['must be a text', z.string(), 5],
  ['must be a number', z.number(), '5'],
  ['must be a whole number', z.int(), 1.5],
  ['must be true or false', z.boolean(), 'yes'],
  ['must be a list', z.array(z.string()), null],
  ['must be an object', z.object({}), 'a'],
  ['must be card', z.literal('card'), 'cash'],
  ['must be one of AUTO, MANUAL', z.enum(['AUTO', 'MANUAL']), 'LATER'],
  ['an own sentence', z.string().regex(/^a$/, 'an own sentence'), 'b'],
])('the message of an issue: %s', (sentence, schema, value) => {
  const { error } = schema.safeParse(value);
  expect(error?.issues.map(describeIssue)).toEqual([sentence]);
});
