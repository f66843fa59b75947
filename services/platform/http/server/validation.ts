// Turns a request that breaks its schema into a problem with one entry per field. The response is bounded: a body with a
// hundred thousand mistakes must not cause a response that is larger than the body.
import type { Hook } from '@hono/zod-openapi';
import type { z } from 'zod';
import { problem, type FieldError } from '../endpoint/problem.ts';
import type { AppEnv } from './request-context.ts';

const maximumFieldErrors = 100;
const maximumPathLength = 200;

type ValidationTarget = 'json' | 'form' | 'query' | 'param' | 'header' | 'cookie';

const units: Readonly<Record<string, readonly [one: string, many: string]>> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
};

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

const describeBound = (issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string => {
  const isLower = issue.code === 'too_small';
  const bound = String(isLower ? issue.minimum : issue.maximum);
  const unit = units[issue.origin];
  if (isLower && unit !== undefined && bound === '1') return 'must not be empty';
  const verb = unit === undefined ? 'be' : 'have';
  const comparison =
    issue.inclusive === false ? (isLower ? 'more than' : 'less than') : isLower ? 'at least' : 'at most';
  return ['must', verb, comparison, bound, ...(unit === undefined ? [] : [unit[bound === '1' ? 0 : 1]])].join(
    ' ',
  );
};

/** Replaces Zod's sentences, such as "Too small: expected string to have >=1 characters", which are for developers. */
export const describeIssue = (issue: z.core.$ZodIssue): string => {
  switch (issue.code) {
    case 'too_small':
    case 'too_big':
      return describeBound(issue);
    case 'invalid_type':
      // Zod keeps the value out of the issue, so only the message of the issue shows that a field is missing.
      if (issue.message.endsWith('received undefined')) return 'is required';
      return `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`;
    default:
      return issue.message;
  }
};

const fieldErrors = (target: ValidationTarget, issues: readonly z.core.$ZodIssue[]): FieldError[] => {
  const prefix = target === 'json' || target === 'form' ? [] : [target];
  return issues.flatMap((issue) => {
    const pathOf = (...more: readonly string[]) =>
      [...prefix, ...issue.path.map(String), ...more].join('.').slice(0, maximumPathLength);
    return issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: pathOf(key), message: 'Unknown field' }))
      : [{ path: pathOf(), message: describeIssue(issue) }];
  });
};

export const refuseInvalid: Hook<unknown, AppEnv, string, unknown> = (result) => {
  if (result.success) return;
  const target: ValidationTarget = result.target;
  // A malformed id is answered like an unknown id.
  if (target === 'param') throw problem('not_found');
  const all = fieldErrors(target, result.error.issues);
  const errors = all.slice(0, maximumFieldErrors);
  if (target === 'header' || target === 'cookie') throw problem('bad_request', { errors });
  const detail = all.length === 1 ? '1 field is not valid.' : `${all.length} fields are not valid.`;
  throw problem('schema_violation', { detail, errors });
};
