// Repeats a provisioning job while a part that it needs is away. In a restart of all containers, a database or the broker can stop
// in the middle of a job. All steps of the jobs can be repeated.
import { pause } from '../supervise/deadline.ts';

const awayCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'UND_ERR_SOCKET',
]);
/** SQLSTATEs: the connection failed; the server is shutting down, crashed or starting. */
const awaySqlStates = /^(?:08|57P0[123]$)/;
const awayNames = new Set(['KafkaJSConnectionError', 'KafkaJSNumberOfRetriesExceeded']);

/** True when a part does not answer or is starting or stopping. Checks the chain of causes too. */
export const isAway = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (awayCodes.has(code) || awaySqlStates.test(code) || awayNames.has(error.name)) return true;
  return isAway(error.cause);
};

export interface Repetition {
  readonly withinMs: number;
  readonly everyMs: number;
  /** Called with the first error. */
  readonly onAway: (error: unknown) => void;
}

/** Repeats `job` for up to `withinMs`, then throws its last error. Any other error is thrown immediately. */
export const repeatWhileAway = async <T>(
  job: () => Promise<T>,
  { withinMs, everyMs, onAway }: Repetition,
): Promise<T> => {
  const deadline = performance.now() + withinMs;
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await job();
    } catch (error) {
      if (!isAway(error) || performance.now() >= deadline) throw error;
      if (attempts === 1) onAway(error);
    }
    await pause(everyMs);
  }
};
