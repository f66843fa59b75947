// Waiting between attempts: exponential, bounded, with jitter so that many waiters do not come back at once.
import { setTimeout as delay } from 'node:timers/promises';

export interface Backoff {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Attempts in all, the first included. */
  readonly attempts: number;
}

/** Pause before attempt `attempt + 1`, in ms: half to all of the doubled step. `random` is in [0, 1). */
export function backoffMs(
  backoff: Pick<Backoff, 'initialMs' | 'maxMs'>,
  attempt: number,
  random: number,
): number {
  const step = Math.min(backoff.initialMs * 2 ** (attempt - 1), backoff.maxMs);
  return Math.round(step / 2 + (step / 2) * random);
}

/** Resolves after `ms`, or at once when the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
