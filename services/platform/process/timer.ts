// Timers are an input like any other. One run never overlaps the next, a failed run is logged and tried again at the next
// turn, and stopping waits for the run under way.
import { pause } from './retry.ts';
import type { Logger } from './logger.ts';

export interface Timer {
  /** Runs as soon as the present run, if any, has ended; several calls meanwhile are one. */
  wake(): void;
  stop(): Promise<void>;
}

/** Runs `job` every `intervalMs`, counted from the end of the previous run. */
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
      // A wake during the run has aborted `interrupt` already and is not lost: the pause ends at once.
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
