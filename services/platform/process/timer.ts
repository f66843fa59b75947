// Runs a job periodically. Runs never overlap. A failed run is logged, and the job runs again after the interval. Stopping waits
// for the current run.
import { pause } from './retry.ts';
import type { Logger } from './logger.ts';

export interface Timer {
  /** Runs the job immediately, or after the current run; several calls during a run cause one more run. */
  wake(): void;
  stop(): Promise<void>;
}

/** Runs `job` immediately, and again `intervalMs` after the end of each run. */
export function every(
  intervalMs: number,
  name: string,
  job: (signal: AbortSignal) => Promise<void>,
  logger: Logger,
): Timer {
  const stopping = new AbortController();
  let interrupt = new AbortController();

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      interrupt = new AbortController();
      try {
        await job(stopping.signal);
      } catch (error) {
        logger.warn(`${name} failed and is tried again`, { error, retryInMs: intervalMs });
      }
      // If `wake` was called during the run, `interrupt` is already aborted and the pause ends immediately.
      await pause(intervalMs, AbortSignal.any([stopping.signal, interrupt.signal]));
    }
  };
  const running = run();

  return {
    wake: () => {
      interrupt.abort();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
