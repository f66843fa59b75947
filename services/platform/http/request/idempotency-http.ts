// Idempotency-Key at the HTTP edge, shared by all endpoints that support the header: the header, the fingerprint of a body, the
// headers of a replayed response and both refusals.
import { z } from '@hono/zod-openapi';
import { createHash } from 'node:crypto';
import { unclaimed, type Claim } from '../../transaction/handle.ts';
import {
  idempotencyClaim,
  storeAnswer,
  storedAnswer,
  type Answer,
  type IdempotentRequest,
  type KeyedRequest,
} from '../../transaction/idempotency.ts';
import type { Database } from '../../database/database.ts';
import type { ProblemKind } from '../endpoint/problem.ts';
import { callerOf, type AppContext } from '../server/request-context.ts';
import { withLowerUuids } from './text.ts';

/** Refusals of `idempotencyClaim`, for `defineProblems`. */
export const idempotencyProblems = {
  idempotency_key_in_flight: {
    status: 409,
    title: 'Request under way',
    explanation:
      'A request with the same Idempotency-Key is still being handled. Repeat the call a moment later.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency-Key used before',
    explanation: 'The Idempotency-Key was used with another body. Use a new key for a new request.',
  },
} as const satisfies Record<string, ProblemKind>;

/** For the headers schema of an endpoint. The key may be quoted, as in the IETF draft, or unquoted. */
export const idempotencyKeyHeader = {
  'idempotency-key': z
    .string()
    .regex(/^(?:[\x21\x23-\x7e]{1,255}|"[\x21\x23-\x7e]{1,255}")$/, 'must be 1 to 255 printable characters')
    .transform((value) => value.replaceAll('"', ''))
    .optional()
    .openapi({
      type: 'string',
      description:
        'Makes it safe to repeat the request: requests with the same key and body have one effect, and every repetition gets ' +
        'the first response, with `Idempotent-Replayed: true`. Another body with the same key is refused with 422, a ' +
        'repetition while the first request is still being handled with 409. A refused request does not use up the key. ' +
        'Keys are separate for each caller, method and path. A response is kept for 24 hours, or as the operator sets with ' +
        '`IDEMPOTENCY_KEY_HOURS`; after that the same key makes a new request.',
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

/** Hash of a parsed body, independent of the sequence of the members of its objects. */
export const fingerprintOf = (body: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(body)))
    .digest('hex');

const requestOf = (c: AppContext, key: string, body: unknown): KeyedRequest => ({
  scope: `${callerOf(c).subject} ${c.req.method} ${withLowerUuids(c.req.path)}`,
  key,
  fingerprint: fingerprintOf(body),
});

/** The claim on the request's Idempotency-Key, if it has one. `answer` makes the response that each repetition gets. */
export const claimOf = <State>(
  c: AppContext,
  key: string | undefined,
  body: unknown,
  answer: IdempotentRequest<State>['answer'],
): Claim<State, Answer> =>
  key === undefined ? unclaimed : idempotencyClaim<State>({ ...requestOf(c, key, body), answer });

/**
 * Runs an action that has no transaction of its own, such as a call to Kafka Connect. The response is stored after the action, so a
 * repetition that arrives earlier, or after a crash in between, runs the action again: only for actions that are harmless to repeat.
 */
export async function runRepeatable<const Body>(
  c: AppContext,
  db: Database,
  { key, body, status, schema }: RepeatableRequest<Body>,
  act: () => Promise<Body>,
): Promise<{ readonly view: Body; readonly headers: Record<string, string> }> {
  if (key === undefined) return { view: await act(), headers: {} };
  const request = requestOf(c, key, body);
  const prior = await storedAnswer(db, request);
  if (prior) return { view: schema.parse(prior.body), headers: replayHeaders(prior) };
  const view = await act();
  // Two requests at the same time both store a response; the first is kept.
  await storeAnswer(db, request, { status, body: view, headers: {} }, new Date()).onConflictDoNothing();
  return { view, headers: {} };
}

interface RepeatableRequest<Body> {
  readonly key: string | undefined;
  readonly body: unknown;
  readonly status: number;
  /** Reads a stored response. */
  readonly schema: z.ZodType<Body>;
}

/** The headers of a stored response. */
export const replayHeaders = ({ headers }: Answer): Record<string, string> => ({
  ...headers,
  'idempotent-replayed': 'true',
});
