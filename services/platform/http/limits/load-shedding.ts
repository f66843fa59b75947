// Refuses a request immediately when it could not be answered in time. Otherwise requests would queue behind a saturated database
// or event loop, each would be answered after its client has timed out, and the queue would outlast the peak.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { problem } from '../endpoint/problem.ts';

interface AdmissionLimits {
  /** Maximum number of requests under way. */
  readonly inFlight: number;
  /** New requests are refused while the mean delay of the event loop over a second, in milliseconds, is above this. */
  readonly eventLoopDelayMs: number;
  /** Why a shared resource, such as the connection pool, cannot serve a new request in time; undefined while it can. */
  readonly busy?: (() => string | undefined) | undefined;
}

export interface Admission {
  /** Admits a request, or throws the 503 problem. The returned function must be called when the request has ended. */
  admit(): () => void;
  /** Why requests are refused, or were refused within the last second; undefined otherwise. The readiness check uses this. */
  saturated(): string | undefined;
  readonly inFlight: () => number;
  readonly refused: () => number;
  stop(): void;
}

const sampleEveryMs = 1_000;
/** The process stays unready this long after the last refusal; otherwise readiness would change with every request. */
const rememberRefusalMs = 1_000;

/** Mean delay of the event loop over the last second, in milliseconds, as measured by Node. */
function watchEventLoop(): { delayMs(): number; stop(): void } {
  const resolution = 100;
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  let delayMs = 0;
  const timer = setInterval(() => {
    // The histogram records the period of its timer; the part above `resolution` is the delay.
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

/** Bounds the requests that one caller has under way. */
export interface ConcurrencyLimiter {
  /** Counts a request of the caller, or throws the 429 problem. The returned function must be called once, at the end. */
  take(caller: string): () => void;
}

/** Without this limit one caller could use up `inFlight` by sending bodies byte by byte. */
export function createConcurrencyLimiter(limit: number): ConcurrencyLimiter {
  const inFlight = new Map<string, number>();
  return {
    take: (caller) => {
      const before = inFlight.get(caller) ?? 0;
      if (before >= limit) {
        throw problem('too_many_requests', {
          detail: `At most ${limit} requests at once.`,
          headers: { 'Retry-After': '1' },
        });
      }
      inFlight.set(caller, before + 1);
      return () => {
        const left = (inFlight.get(caller) ?? 1) - 1;
        if (left === 0) inFlight.delete(caller);
        else inFlight.set(caller, left);
      };
    },
  };
}

/** @param now Milliseconds of a monotonic clock. */
export function createAdmission(
  limits: AdmissionLimits,
  eventLoop: { delayMs(): number; stop(): void } = watchEventLoop(),
  now: () => number = () => performance.now(),
): Admission {
  let inFlight = 0;
  let refused = 0;
  let lastRefusal: { readonly at: number; readonly reason: string } | undefined;

  const reasonToRefuse = (): string | undefined => {
    if (inFlight >= limits.inFlight) return `${inFlight} requests under way`;
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
        lastRefusal = { at: now(), reason };
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
      (lastRefusal !== undefined && now() - lastRefusal.at < rememberRefusalMs
        ? lastRefusal.reason
        : undefined),
    inFlight: () => inFlight,
    refused: () => refused,
    stop: () => {
      eventLoop.stop();
    },
  };
}
