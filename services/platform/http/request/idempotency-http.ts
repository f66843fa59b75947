// Idempotency-Key at the HTTP edge: how a key is read, what a body is compared by, how a replay is told, and how both
// refusals are explained. One place, so that every call that honours the header means the same by it.
import { z } from '@hono/zod-openapi';
import { createHash } from 'node:crypto';
import { unclaimed, type Claim } from '../../transaction/handle.ts';
import { idempotencyClaim, type Answer, type IdempotentRequest } from '../../transaction/idempotency.ts';
import type { ProblemKind } from '../endpoint/problem.ts';
import { callerOf, type AppContext } from '../server/request-context.ts';
import { withLowerUuids } from './text.ts';

/** Refusals of `idempotencyClaim`, for `defineProblems`. */
export const idempotencyProblems = {
  idempotency_key_in_flight: {
    status: 409,
    title: 'Request under way',
    explanation: 'A request with the same Idempotency-Key is under way. Repeat the call a moment later.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency-Key used before',
    explanation: 'The Idempotency-Key was used with another body. Use a new key for a new request.',
  },
} as const satisfies Record<string, ProblemKind>;

/** The header, under its name: quoted as in the draft standard, or bare. */
export const idempotencyKeyHeader = {
  'idempotency-key': z
    .string()
    .regex(/^"?[\x21\x23-\x7e]{1,255}"?$/, 'must be 1 to 255 printable characters')
    .transform((value) => value.replaceAll('"', ''))
    .optional()
    .openapi({
      type: 'string',
      description:
        'Makes it safe to send the request again: the same key with the same body has one effect, and every repetition gets ' +
        'the first answer, with `Idempotent-Replayed: true`. Another body under the key is refused with 422, a repetition ' +
        'while the first request is under way with 409; a request that was refused does not use the key up. Keys belong to ' +
        'the caller and the address. An answer is kept for 24 hours, or what the operator sets as `IDEMPOTENCY_KEY_HOURS`; ' +
        'after that the same key is a new request.',
    }),
};

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
};

/** Hash of a parsed body. The same for the same content, in whatever order the client wrote the members of its objects. */
export const fingerprintOf = (body: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(body)))
    .digest('hex');

/** The claim of a request: its Idempotency-Key, if it has one. `answer` says what is stored and given to each repetition. */
export const claimOf = <State>(
  c: AppContext,
  key: string | undefined,
  body: unknown,
  answer: IdempotentRequest<State>['answer'],
): Claim<State, Answer> =>
  key === undefined
    ? unclaimed
    : idempotencyClaim<State>({
        scope: `${callerOf(c).subject} ${c.req.method} ${withLowerUuids(c.req.path)}`,
        key,
        fingerprint: fingerprintOf(body),
        answer,
      });

/** The headers of an answer that is given again. */
export const replayHeaders = ({ headers }: Answer): Record<string, string> => ({
  ...headers,
  'idempotent-replayed': 'true',
});
