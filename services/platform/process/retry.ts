// Exponential backoff, bounded, with jitter so that many clients do not retry at once.
import { setTimeout as delay } from 'node:timers/promises';

export interface Backoff {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Including the first. */
  readonly attempts: number;
}

/** Milliseconds before attempt `attempt + 1`: between half of the step and the whole step. `random` is in [0, 1). */
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
