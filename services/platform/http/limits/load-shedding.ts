// Refusing early what could not be answered in time. Without it requests pile up behind a saturated database or event loop,
// every one of them is answered too late for its client, and the pile outlives the rush.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { problem } from '../endpoint/problem.ts';

export interface AdmissionLimits {
  /** Requests under way at once. With a pool of n connections the rest of them waits for one. */
  readonly inFlight: number;
  /** Mean delay of the event loop over a second, in milliseconds, from which on new requests are refused. */
  readonly eventLoopDelayMs: number;
  /** Why what most requests need would keep a new one waiting in vain, undefined when it would not; never when absent. */
  readonly busy?: (() => string | undefined) | undefined;
}

export interface Admission {
  /** Lets a request in; the function it gives is called once when the request has ended. Throws the 503 problem. */
  admit(): () => void;
  /** Why requests are being refused, undefined while they are not: readiness follows it. */
  saturated(): string | undefined;
  readonly inFlight: () => number;
  readonly refused: () => number;
  stop(): void;
}

const sampleEveryMs = 1_000;
/** Readiness stays red this long after the last refusal, or it would flicker with every request. */
const rememberRefusalMs = 1_000;

/** The delay of the event loop, sampled by the runtime itself: mean of the last second, milliseconds. */
function watchEventLoop(): { delayMs(): number; stop(): void } {
  const resolution = 100;
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  let delayMs = 0;
  const timer = setInterval(() => {
    // The histogram measures the timer's whole period; what is beyond its resolution is delay.
    delayMs = Number.isNaN(histogram.mean) ? 0 : Math.max(0, histogram.mean / 1e6 - resolution);
    histogram.reset();
  }, sampleEveryMs);
  timer.unref();
  return {
    delayMs: () => delayMs,
    stop: () => {
      clearInterval(timer);
      histogram.disable();
    },
  };
}

/** How many requests each caller has under way. */
export interface Shares {
  /** Counts one more request of the caller; the function it gives is called once when it has ended. Throws the 429 problem. */
  take(caller: string): () => void;
}

/** Without it one caller could take all the places, with nothing but bodies that are sent byte by byte. */
export function createShares(limit: number): Shares {
  const taken = new Map<string, number>();
  return {
    take: (caller) => {
      const before = taken.get(caller) ?? 0;
      if (before >= limit) {
        throw problem('too_many_requests', {
          detail: `At most ${limit} requests at once.`,
          headers: { 'Retry-After': '1' },
        });
      }
      taken.set(caller, before + 1);
      return () => {
        const left = (taken.get(caller) ?? 1) - 1;
        if (left === 0) taken.delete(caller);
        else taken.set(caller, left);
      };
    },
  };
}

/** @param now Milliseconds of a clock that never goes back. */
export function createAdmission(
  limits: AdmissionLimits,
  eventLoop: { delayMs(): number; stop(): void } = watchEventLoop(),
  now: () => number = () => performance.now(),
): Admission {
  let inFlight = 0;
  let refused = 0;
  let last: { readonly at: number; readonly reason: string } | undefined;

  const reasonToRefuse = (): string | undefined => {
    if (inFlight >= limits.inFlight) return `${inFlight} requests are under way`;
    const delayMs = eventLoop.delayMs();
    return delayMs > limits.eventLoopDelayMs
      ? `the event loop is ${Math.round(delayMs)} ms behind`
      : limits.busy?.();
  };

  return {
    admit: () => {
      const reason = reasonToRefuse();
      if (reason !== undefined) {
        refused += 1;
        last = { at: now(), reason };
        throw problem('overloaded', { headers: { 'Retry-After': '1' }, cause: new Error(reason) });
      }
      inFlight += 1;
      let released = false;
      return () => {
        if (!released) inFlight -= 1;
        released = true;
      };
    },
    saturated: () =>
      reasonToRefuse() ??
      (last !== undefined && now() - last.at < rememberRefusalMs ? last.reason : undefined),
    inFlight: () => inFlight,
    refused: () => refused,
    stop: () => {
      eventLoop.stop();
    },
  };
}
