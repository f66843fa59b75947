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

/** The lines to print for an error, and nothing more than a person needs. */
export const explain = (error: unknown): string => {
  if (isFailure(error))
    return error.log === undefined ? error.message : `${error.message}\n  details: ${error.log}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};
