// Which failures pass by themselves, or once an operator has mended what is around the service. Such an input is tried again until
// it succeeds: an event becomes a dead letter only for what the event itself is. Treating a permanent failure as transient would
// block its partition for ever; treating a transient one as permanent would put a good event aside.

/**
 * PostgreSQL's SQLSTATE by class. Not here, so permanent: 21, 22, 23 and 44 (the values break a rule), 25P02 and the rest of 25
 * (the code misuses a transaction), 42 but for what follows (the code's SQL is wrong), 54 (the values are too large), P0 (a function
 * refuses them).
 */
const transientSqlStates = [
  /^0A000$/, // a prepared statement no longer fits, since its table was changed: it is prepared anew
  /^08/, // the connection is lost, or was never made
  /^25006$/, // the server has become read-only: a failover, the old primary still answers
  /^25P0[34]$/, // a transaction was idle or took too long
  /^28/, // the role or its password is refused: a rotation is under way
  /^3D000$/, // there is no such database: it is being restored
  /^40/, // serialization failure, deadlock
  /^42501$/, // a right is missing: it is granted by provisioning
  /^42P01$|^42703$|^42883$/, // a table, column or function is missing: its migration has not run yet
  /^53/, // no disk, memory or connection left
  /^55/, // something is in use, or locked for too long
  /^57/, // cancelled, shutting down, starting up, crashed
  /^58/, // the system below PostgreSQL fails
  /^XX/, // PostgreSQL itself fails, or its files are damaged
];

const transientCodes = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
]);

const stringCode = (error: object): string | undefined =>
  'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Marks a failure of a dependency that answered but could not serve, for example a registry's 503. */
export class DependencyUnavailable extends Error {
  override readonly name = 'DependencyUnavailable';
}

/** True when the same input may well succeed a moment later. Looks through the chain of causes. */
export function isTransient(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth += 1) {
    if (cause instanceof DependencyUnavailable) return true;
    if (cause.name === 'TimeoutError' || cause.name === 'AbortError') return true;
    const code = stringCode(cause);
    if (code === undefined) continue;
    if (transientCodes.has(code) || transientSqlStates.some((pattern) => pattern.test(code))) return true;
  }
  return false;
}
