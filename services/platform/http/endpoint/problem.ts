// RFC 9457 problem details: every error that a client can get has a code, a status and a page that explains it.
// The invariant: an error response is built only from this catalogue and from details written for clients, so it cannot
// contain a stack, a query or a credential.
import type { ContentfulStatusCode } from 'hono/utils/http-status';

export interface ProblemKind {
  readonly status: ContentfulStatusCode;
  /** The same for every occurrence. */
  readonly title: string;
  /** What happened and what the caller can do about it; shown on the page behind `type`. */
  readonly explanation: string;
  /** The database constraint, such as `inventory_sku`, that is violated when a concurrent request was first. */
  readonly constraint?: string;
}
export type ProblemKinds = Readonly<Record<string, ProblemKind>>;

/** Problems that any process can answer with. */
export const standardProblems = {
  bad_request: {
    status: 400,
    title: 'Bad request',
    explanation: 'The request line or a header is missing, malformed or contradictory.',
  },
  malformed_json: {
    status: 400,
    title: 'Malformed JSON',
    explanation:
      'The content type of the body is JSON, but the body cannot be parsed as JSON. Nothing was done.',
  },
  unauthenticated: {
    status: 401,
    title: 'Not authenticated',
    explanation:
      'The call needs a valid bearer token in the Authorization header. Get one from the issuer and repeat the call.',
  },
  forbidden: {
    status: 403,
    title: 'Not allowed',
    explanation:
      'The token is valid, but its roles do not allow this call. For a fault route: X-Chaos-Token is not the chaos token.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    explanation: 'The resource does not exist, or it belongs to somebody else.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    explanation: 'The path exists, but not with this method. The Allow header lists its methods.',
  },
  request_timeout: {
    status: 408,
    title: 'Request timeout',
    explanation: 'The request did not arrive completely within the time allowed. Nothing was done.',
  },
  conflict: {
    status: 409,
    title: 'Conflict',
    explanation: 'The current state of the resource does not allow this action.',
  },
  precondition_failed: {
    status: 412,
    title: 'Precondition failed',
    explanation:
      'The resource has changed since the version named in If-Match. Read it again, then repeat the call if it still applies.',
  },
  body_too_large: {
    status: 413,
    title: 'Body too large',
    explanation: 'The body is larger than this process accepts; `detail` has the limit. Nothing was done.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    explanation:
      'This call does not accept the content type, the charset or the content coding of the body. Send application/json in UTF-8, without a content coding.',
  },
  expectation_failed: {
    status: 417,
    title: 'Expectation failed',
    explanation: 'The Expect header is not 100-continue. Send the request without it.',
  },
  schema_violation: {
    status: 422,
    title: 'Input breaks the schema',
    explanation: 'The input was understood but breaks its schema. `errors` has one entry per field.',
  },
  precondition_required: {
    status: 428,
    title: 'Precondition required',
    explanation: 'This call needs an If-Match header with the ETag of the version that you read.',
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    explanation: 'You have sent too many requests. Wait for the seconds in Retry-After.',
  },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    explanation: 'The request line and headers together exceed 16 KiB.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    explanation:
      'The service failed unexpectedly. Its log has the cause under the correlation id. Repeating a call is safe when it has an Idempotency-Key.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    explanation:
      'The service has too many requests to answer them in time and refused this one. Nothing was done; repeat it after Retry-After.',
  },
  timed_out: {
    status: 503,
    title: 'Not answered in time',
    explanation:
      'The request was not answered within the time limit and may still be carried out. Repeat it with the same Idempotency-Key, or read the resource to see the result.',
  },
  unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    explanation:
      'A dependency of this service does not answer at the moment. Repeat the call later, with the same Idempotency-Key if it had one.',
  },
} as const satisfies ProblemKinds;

export type StandardProblemCode = keyof typeof standardProblems;

export interface FieldError {
  /** Dotted path into the body, such as `items.0.quantity`; `query.` precedes a query parameter, `header.` a header. */
  readonly path: string;
  readonly message: string;
}

export interface ProblemOptions {
  /** What happened this time, written for the caller; the title when absent. */
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** The cause for the log; it is never sent. */
  readonly cause?: unknown;
}

const brand: unique symbol = Symbol('HttpProblem');

/** The error type that handlers throw on purpose. */
export interface HttpProblem extends Error {
  readonly [brand]: true;
  readonly code: string;
  readonly status: ContentfulStatusCode;
  readonly title: string;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export const isHttpProblem = (error: unknown): error is HttpProblem =>
  error instanceof Error && brand in error;

const createProblem = (
  code: string,
  kind: ProblemKind,
  { detail, errors, headers = {}, cause }: ProblemOptions,
): HttpProblem =>
  Object.assign(new Error(detail ?? kind.title, cause === undefined ? {} : { cause }), {
    [brand]: true as const,
    name: 'HttpProblem',
    code,
    status: kind.status,
    title: kind.title,
    errors,
    headers,
  });

/** A problem of the standard catalogue, to be thrown. */
export const problem = (code: StandardProblemCode, options: ProblemOptions = {}): HttpProblem =>
  createProblem(code, standardProblems[code], options);

/**
 * The problem for a code that is known only at run time: of a rejected decision or a violated constraint. A code outside the
 * catalogue is a bug, so the caller gets 500.
 */
export const problemFromCatalogue = (
  kinds: ProblemKinds,
  code: string,
  options: ProblemOptions,
): HttpProblem => {
  const kind = Object.hasOwn(kinds, code) ? kinds[code] : undefined;
  return kind ? createProblem(code, kind, options) : problem('internal_error', { cause: options.cause });
};

/**
 * Adds the problems of a service to the standard ones. `kinds` goes to `createApp`; handlers throw `problem(…)`, which
 * compiles only with a code of the catalogue.
 */
export const defineProblems = <Code extends string>(own: Readonly<Record<Code, ProblemKind>>) => {
  const kinds: Readonly<Record<Code | StandardProblemCode, ProblemKind>> = { ...standardProblems, ...own };
  return {
    kinds,
    problem: (code: Code | StandardProblemCode, options: ProblemOptions = {}): HttpProblem =>
      createProblem(code, kinds[code], options),
  };
};
