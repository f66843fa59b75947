// Repeats a provisioning job while a part that the job needs is unavailable. When all containers restart, a database or the broker
// can stop in the middle of a job. All steps of the jobs are idempotent.
import { errorCodeOf } from '../../../services/platform/process/error-code.ts';
import { networkCodes } from '../../../services/platform/database/transient.ts';
import { pause } from '../supervise/deadline.ts';

/**
 * SQLSTATEs: 08 connection failure, 40P01 deadlock, 55P03 lock not available, 57P01 to 57P03 shutdown, crash and start of the
 * server.
 */
const unavailableSqlStates = /^(?:08|40P01$|55P03$|57P0[123]$)/;
const unavailableNames = new Set([
  'KafkaJSConnectionError',
  'KafkaJSNumberOfRetriesExceeded',
  'TimeoutError',
]);

/** Whether a part does not answer, is starting or is stopping. Also checks the causes of the error. */
export const isUnavailable = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const code = errorCodeOf(error) ?? '';
  // KafkaJS marks errors such as a leader election as retriable.
  const isRetriable = 'retriable' in error && error.retriable === true;
  if (isRetriable || networkCodes.has(code) || unavailableSqlStates.test(code)) return true;
  return unavailableNames.has(error.name) || isUnavailable(error.cause);
};

interface Repetition {
  readonly withinMs: number;
  readonly everyMs: number;
  /** Called with the first error. */
  readonly onUnavailable: (error: unknown) => void;
}

/** Repeats `job` for up to `withinMs` while a part is unavailable, then throws the last error. Throws any other error at once. */
export const repeatWhileUnavailable = async <T>(
  job: () => Promise<T>,
  { withinMs, everyMs, onUnavailable }: Repetition,
): Promise<T> => {
  const deadline = performance.now() + withinMs;
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await job();
    } catch (error) {
      if (!isUnavailable(error) || performance.now() >= deadline) throw error;
      if (attempts === 1) onUnavailable(error);
    }
    await pause(everyMs);
  }
};
