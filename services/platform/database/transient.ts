// Which failures are transient: they end by themselves, or once an operator has repaired the environment. After a transient
// failure, an event is retried until it succeeds, and a request is answered 503; only after a permanent failure does an event
// become a dead letter. A permanent failure taken for transient would block its key for ever; a transient failure taken for
// permanent would make a dead letter of a good event.
import { errorCodeOf } from '../process/error-code.ts';

/**
 * Transient SQLSTATEs. Every other SQLSTATE is permanent, for example the classes 21, 22, 23 and 44 (the values break a rule),
 * the rest of 25 (the code misuses a transaction), the rest of 42 (the SQL is wrong), 54 (the values are too large) and P0 (a
 * function raised an exception).
 */
const transientSqlStates = [
  /^0A000$/, // a table has changed under a prepared statement: the statement is prepared again
  /^08/, // the connection failed
  /^25006$/, // the server is read-only: after a failover the old primary still answers
  /^25P0[34]$/, // a transaction was idle or took too long
  /^28/, // the role or its password is refused: a rotation is under way
  /^3D000$/, // the database does not exist: it is being restored
  /^40/, // serialization failure, deadlock
  /^42501$/, // a privilege is missing: provisioning grants it
  /^42P01$|^42703$|^42883$/, // a table, column or function is missing: its migration has not run yet
  /^53/, // no disk, memory or connection left
  /^55/, // an object is in use, or locked for too long
  /^57/, // cancelled, shutting down, starting up, crashed
  /^58/, // the operating system fails
  /^XX/, // PostgreSQL itself fails, or its files are corrupt
];

/** Error codes of Node and of the clients when the connection to a dependency fails. */
export const networkCodes: ReadonlySet<string> = new Set([
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

/** SQLSTATEs of transient failures of one row: a conflict, a lock, a statement that takes too long, corrupt data. */
const rowStates = /^(?:40\w{3}|55P03|57014|XX00[12])$/;

/** A dependency cannot be used now: it does not answer in time, it answers with an error, or no connection to it is free. */
export class DependencyUnavailable extends Error {
  override readonly name = 'DependencyUnavailable';
}

/** True when the same input may succeed later. Checks the chain of causes too. */
export function isTransient(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth += 1) {
    if (cause instanceof DependencyUnavailable) return true;
    if (cause.name === 'TimeoutError' || cause.name === 'AbortError') return true;
    const code = errorCodeOf(cause);
    if (code === undefined) continue;
    if (networkCodes.has(code) || transientSqlStates.some((pattern) => pattern.test(code))) return true;
  }
  return false;
}

/** True when the failure concerns a row, so that other rows of the same database may still succeed. */
export const concernsRow = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const code = errorCodeOf(error);
  return (code !== undefined && rowStates.test(code)) || concernsRow(error.cause);
};
