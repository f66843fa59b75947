// Which failures pass by themselves. A transient one is retried until it passes; treating a permanent one so would block
// its partition for ever, and treating a transient one as permanent would park a good event.

const transientSqlStates = [
  /^08/, // connection exception
  /^40/, // serialization failure, deadlock
  /^53/, // insufficient resources
  /^55P03$/, // lock not available (lock_timeout)
  /^57P0/, // server shutting down, crashed or starting up
  /^57014$/, // statement timeout
  /^25P03$/, // idle in transaction timeout
  /^58/, // system error
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
