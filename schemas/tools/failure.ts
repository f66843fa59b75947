// Errors of the commands. A Failure has a sentence that names the remedy, and may have a log file with the details.
// An error of the environment is explained in one sentence. Every other error is a defect of the scripts and is shown with its
// stack trace.

export interface Failure extends Error {
  readonly name: 'Failure';
  readonly log: string | undefined;
}

export const failure = (sentence: string, log?: string): Failure =>
  Object.assign(new Error(sentence), { name: 'Failure', log } as const);

export const isFailure = (error: unknown): error is Failure =>
  error instanceof Error && error.name === 'Failure' && 'log' in error;

/** The error that a wait throws when its signal is aborted, for example because the stack is stopped during its start. */
export const stopped = (): Error => Object.assign(new Error('stopped'), { name: 'Stopped' });

export const isStopped = (error: unknown): boolean => error instanceof Error && error.name === 'Stopped';

export const messageOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
};

/** The message of the cause, or of the error itself without a cause. `fetch` and Drizzle give the reason only in the cause. */
export const reasonOf = (error: unknown): string =>
  messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);

const field = (error: Error, name: string): string | undefined => {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
};

/** The sentence for an error of the environment, such as a stopped part, a wrong password or a full disk. */
const environmentSentence = (error: Error): string | undefined => {
  const address = [field(error, 'address') ?? field(error, 'hostname'), field(error, 'port')]
    .filter((part) => part !== undefined)
    .join(':');
  // The code of a DOMException is a number without meaning here.
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  switch (code) {
    case 'ECONNREFUSED':
    case 'CONNECT_TIMEOUT':
    case 'CONNECTION_CLOSED':
    case 'CONNECTION_ENDED':
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'UND_ERR_SOCKET':
    case 'KafkaJSNumberOfRetriesExceeded':
    case 'KafkaJSConnectionError':
      return `nothing answers${address === '' ? '' : ` at ${address}`}; is the stack running? npm start starts it, npm run doctor examines it`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${field(error, 'hostname') ?? 'of a part'} cannot be resolved; check the address in the environment`;
    case 'TimeoutError':
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
      return 'a part did not answer in time; npm run doctor names the failing part';
    case '28P01':
    case '28000':
      return `PostgreSQL rejects the credentials (${error.message}); run this command with the passwords of the running stack`;
    case '57P01':
    case '57P02':
    case '57P03':
      return 'PostgreSQL is starting or shutting down; run the command again in a moment';
    case '53300':
      return 'PostgreSQL has no connection left; close other clients and run the command again';
    case '25006':
      return 'the PostgreSQL server is read-only, as after a failover; use the address of the primary';
    case '42501':
      return `PostgreSQL refuses the role (${error.message}); npm start grants the rights of every role`;
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_HAS_EXPIRED':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the TLS certificate of a part is not valid here (${error.message}); check its CA and its host name`;
    case '3D000':
    case '42P01':
      return `the database or its tables do not exist (${error.message}); npm start creates them`;
    case 'ENOSPC':
    case '53100':
      return 'the disk is full; make room and run the command again';
    case 'EACCES':
    case 'EPERM':
      return `${field(error, 'path') ?? 'a file'} cannot be read or written by this user`;
    case 'ENOENT':
      return `${field(error, 'path') ?? 'a file'} does not exist`;
    case 'EADDRINUSE':
      return `port ${field(error, 'port') ?? 'of a part'} is in use by another program; stop that program or choose another port`;
    default:
      return undefined;
  }
};

/** The text to print for an error: a sentence, or the stack trace of a defect. */
export const explain = (error: unknown): string => {
  if (isFailure(error))
    return error.log === undefined ? error.message : `${error.message}\n  details: ${error.log}`;
  // `fetch` and Drizzle give the reason only in the cause; a connection to a name with several addresses gives one error for each.
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; depth += 1) {
    const sentence = environmentSentence(cause);
    if (sentence !== undefined) return sentence;
    cause = cause instanceof AggregateError ? cause.errors[0] : cause.cause;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};
