// Idempotency-Key at the HTTP edge, shared by all endpoints that support the header: the header, the fingerprint of a body, the
// headers of a replayed response and both refusals.
import { z } from '@hono/zod-openapi';
import { createHash } from 'node:crypto';
import { unclaimed, type Claim } from '../../transaction/handle.ts';
import {
  idempotencyClaim,
  leaseKey,
  releaseKey,
  settleKey,
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
    .regex(
      /^(?:[\x21\x23-\x7e]{1,255}|"[\x21\x23-\x7e]{1,255}")$/,
      'must be 1 to 255 printable characters, without quotes or in one pair of double quotes',
    )
    .transform((value) => value.replaceAll('"', ''))
    .optional()
    .openapi({
      type: 'string',
      description:
        'Makes it safe to repeat the request: requests with the same key and body have one effect, and every repetition gets ' +
        'the first response, with `Idempotent-Replayed: true`. Another body with the same key is refused with 422. ' +
        'While the first request is still being handled, a repetition is refused with 409. A refused request does not use ' +
        'up the key. ' +
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

/**
 * The claim on the Idempotency-Key of the request; `unclaimed` without a key. `answer` makes the response that each repetition
 * gets.
 */
export const claimOf = <State>(
  c: AppContext,
  key: string | undefined,
  body: unknown,
  answer: IdempotentRequest<State>['answer'],
): Claim<State, Answer> =>
  key === undefined ? unclaimed : idempotencyClaim<State>({ ...requestOf(c, key, body), answer });

/**
 * Runs an action that has no transaction of its own, such as a call to Kafka Connect, once per Idempotency-Key. After a crash
 * between the action and the storing of its response, a later repetition runs the action again. The action has to tolerate this.
 */
export async function runKeyed<const Body>(
  c: AppContext,
  db: Database,
  { key, body, status, schema }: ActionRequest<Body>,
  act: () => Promise<Body>,
): Promise<{ readonly view: Body; readonly headers: Record<string, string> }> {
  if (key === undefined) return { view: await act(), headers: {} };
  const request = requestOf(c, key, body);
  const leasedAt = new Date();
  const prior = await leaseKey(db, request, leasedAt);
  if (prior) return { view: schema.parse(prior.body), headers: replayHeaders(prior) };
  let view: Body;
  try {
    view = await act();
  } catch (error) {
    await logFailureOf(c, releaseKey(db, request, leasedAt));
    throw error;
  }
  await logFailureOf(c, settleKey(db, request, leasedAt, { status, body: view, headers: {} }));
  return { view, headers: {} };
}

/** The action has ended, so a failure to store its result, or to give the key back, must not change the response. */
const logFailureOf = async (c: AppContext, statement: PromiseLike<unknown>): Promise<void> => {
  try {
    await statement;
  } catch (error) {
    c.get('logger').warn(
      'the Idempotency-Key of a finished request could not be updated; repetitions get 409 for up to 10 minutes',
      { error },
    );
  }
};

interface ActionRequest<Body> {
  readonly key: string | undefined;
  readonly body: unknown;
  readonly status: number;
  /** Reads a stored response. */
  readonly schema: z.ZodType<Body>;
}

/** The headers of a replayed response: those of the stored response, and the mark of a replay. */
export const replayHeaders = ({ headers }: Answer): Record<string, string> => ({
  ...headers,
  'idempotent-replayed': 'true',
});
