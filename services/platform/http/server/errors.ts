// Turns whatever a handler throws into a catalogued problem. The invariant: an error that nobody foresaw is answered 500
// without its text, so no internals reach a client.
import { HTTPException } from 'hono/http-exception';
import { Rejected } from '../../transaction/handle.ts';
import {
  catalogued,
  isHttpProblem,
  problem,
  type HttpProblem,
  type ProblemKinds,
  type StandardProblemCode,
} from '../endpoint/problem.ts';
import { constraintViolation } from '../../database/constraint-violation.ts';
import { isTransient } from '../../database/transient.ts';

// What Hono and its validators throw themselves.
const codeOfStatus: ReadonlyMap<number, StandardProblemCode> = new Map<number, StandardProblemCode>([
  [400, 'malformed_json'],
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [413, 'body_too_large'],
  [415, 'unsupported_media_type'],
]);

export const toProblem = (error: unknown, kinds: ProblemKinds): HttpProblem => {
  if (isHttpProblem(error)) return error;
  // A decision said no; it names a problem of this service's catalogue.
  if (error instanceof Rejected) {
    return catalogued(kinds, error.code, { detail: error.message, cause: error });
  }
  // Two requests were right each by itself, and the other one was faster; nothing of this one is stored.
  const violation = constraintViolation(error);
  if (violation !== undefined) {
    const [code] = Object.entries(kinds).find(([, kind]) => kind.constraint === violation.constraint) ?? [];
    if (code !== undefined) return catalogued(kinds, code, { cause: error });
    if (violation.kind === 'lost_race') return problem('conflict', { cause: error });
  }
  // The transaction was rolled back, so the same request may be sent again.
  if (isTransient(error)) return problem('unavailable', { headers: { 'Retry-After': '1' }, cause: error });
  const code = error instanceof HTTPException ? codeOfStatus.get(error.status) : undefined;
  return problem(code ?? 'internal_error', { cause: error });
};
