// What a person at the terminal gets to read: one sentence with the remedy, and the log file that has the details.
// Everything else that is thrown is a defect of these scripts and is shown with its stack trace.

export interface Failure extends Error {
  readonly name: 'Failure';
  readonly log: string | undefined;
}

export const failure = (sentence: string, log?: string): Failure =>
  Object.assign(new Error(sentence), { name: 'Failure', log } as const);

export const isFailure = (error: unknown): error is Failure =>
  error instanceof Error && error.name === 'Failure' && 'log' in error;

/** Thrown out of every wait when the stack is told to stop while it boots. */
export const stopped = (): Error => Object.assign(new Error('stopped'), { name: 'Stopped' });

export const isStopped = (error: unknown): boolean => error instanceof Error && error.name === 'Stopped';

export const messageOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
};

/** What lies behind an error: `fetch` and drizzle say the reason in the cause alone. */
export const reasonOf = (error: unknown): string =>
  messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);

const field = (error: Error, name: string): string | undefined => {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
};

/** What anybody can meet who runs a command: a part that is away, a password, a disk. Undefined for what nobody foresaw. */
const foreseen = (error: Error): string | undefined => {
  const where = [field(error, 'address') ?? field(error, 'hostname'), field(error, 'port')]
    .filter((part) => part !== undefined)
    .join(':');
  // A DOMException has a number there, which says nothing.
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  switch (code) {
    case 'ECONNREFUSED':
    case 'CONNECT_TIMEOUT':
    case 'CONNECTION_CLOSED':
    case 'CONNECTION_ENDED':
    case 'ECONNRESET':
    case 'KafkaJSNumberOfRetriesExceeded':
    case 'KafkaJSConnectionError':
      return `nothing answers${where === '' ? '' : ` at ${where}`}; is the stack running? npm start runs it, npm run doctor looks at it`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${field(error, 'hostname') ?? 'of a part'} cannot be resolved; check the address in the environment`;
    case 'TimeoutError':
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
      return 'a part did not answer in time; npm run doctor says which one is ill';
    case '28P01':
    case '28000':
      return `PostgreSQL refuses to sign in (${error.message}); give this command the passwords that the stack was started with`;
    case '3D000':
    case '42P01':
      return `the database is not the one that was expected (${error.message}); npm start sets it up`;
    case 'ENOSPC':
    case '53100':
      return 'the disk is full; make room and run the command again';
    case 'EACCES':
    case 'EPERM':
      return `${field(error, 'path') ?? 'a file'} cannot be read or written by this user`;
    case 'ENOENT':
      return `${field(error, 'path') ?? 'a file'} is not there`;
    case 'EADDRINUSE':
      return `port ${field(error, 'port') ?? ''} is in use by another program`;
    default:
      return undefined;
  }
};

/** The lines to print for an error, and nothing more than a person needs. A stack trace means a defect of these commands. */
export const explain = (error: unknown): string => {
  if (isFailure(error))
    return error.log === undefined ? error.message : `${error.message}\n  details: ${error.log}`;
  // `fetch`, Drizzle and Promise.any say the reason in the cause alone.
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; depth += 1) {
    const sentence = foreseen(cause);
    if (sentence !== undefined) return sentence;
    cause = cause instanceof AggregateError ? cause.errors[0] : cause.cause;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};
