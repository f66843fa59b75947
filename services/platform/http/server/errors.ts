// Maps every error that a handler throws to a problem of the catalogue. The invariant: an unexpected error is answered 500
// without its message, so no internals reach a client.
import { HTTPException } from 'hono/http-exception';
import { Rejected } from '../../transaction/handle.ts';
import {
  problemFromCatalogue,
  isHttpProblem,
  problem,
  type HttpProblem,
  type ProblemKinds,
  type StandardProblemCode,
} from '../endpoint/problem.ts';
import { constraintViolation } from '../../database/constraint-violation.ts';
import { isTransient } from '../../database/transient.ts';

// Errors of Hono and its validators.
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
  // The code of a rejected decision is a code of the service's problem catalogue.
  if (error instanceof Rejected) {
    return problemFromCatalogue(kinds, error.code, { detail: error.message, cause: error });
  }
  // A concurrent request was committed first. This transaction was rolled back.
  const violation = constraintViolation(error);
  if (violation !== undefined) {
    const [code] = Object.entries(kinds).find(([, kind]) => kind.constraint === violation.constraint) ?? [];
    if (code !== undefined) return problemFromCatalogue(kinds, code, { cause: error });
    if (violation.kind === 'lost_race') return problem('conflict', { cause: error });
  }
  // Nothing was committed, except possibly when the connection was lost during COMMIT. In both cases a client with an
  // Idempotency-Key can safely repeat the request.
  if (isTransient(error)) return problem('unavailable', { headers: { 'Retry-After': '1' }, cause: error });
  const code = error instanceof HTTPException ? codeOfStatus.get(error.status) : undefined;
  return problem(code ?? 'internal_error', { cause: error });
};
