// Waits with a time limit: repeats a probe until it succeeds, the time limit is reached or the stack stops. Without the limit, a
// part that hangs would block the boot and Ctrl-C.
import { setTimeout as sleep } from 'node:timers/promises';
import { failure, isFailure, messageOf, stopped } from '../../../schemas/tools/failure.ts';

export const pause = async (ms: number, signal?: AbortSignal): Promise<void> => {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    throw stopped();
  }
};

export interface Wait {
  /** Completes the sentence "gave up waiting for …". */
  readonly what: string;
  readonly withinMs: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly log?: string | undefined;
}

/**
 * Repeats `probe` until it returns something other than `undefined` or `false`, and returns that. A probe that throws is repeated,
 * unless it throws a failure. Throws a failure when the time is up, and `stopped()` when the signal is aborted. Both are checked
 * between two probes only, so a probe needs its own time limit.
 */
export const until = async <T>(wait: Wait, probe: () => Promise<T | undefined | false>): Promise<T> => {
  const deadline = performance.now() + wait.withinMs;
  let lastError = '';
  for (;;) {
    if (wait.signal?.aborted === true) throw stopped();
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      if (isFailure(error)) throw error;
      lastError = messageOf(error);
    }
    if (performance.now() >= deadline) {
      const reason = lastError === '' ? '' : ` (${lastError})`;
      throw failure(`gave up waiting for ${wait.what} after ${seconds(wait.withinMs)}${reason}`, wait.log);
    }
    await pause(wait.everyMs ?? 100, wait.signal);
  }
};

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Whether `url` answers with a 2xx. Rejects without an answer within two seconds. */
export const answers = async (url: string): Promise<boolean> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.body?.cancel();
  return response.ok;
};
