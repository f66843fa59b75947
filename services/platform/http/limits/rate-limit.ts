// How often one caller may come. Counted in the process, so with several instances the limit is per instance: it protects
// the instance, and no store in common is needed that could fail.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { problem } from '../endpoint/problem.ts';

export interface RateLimit {
  readonly requests: number;
  /** A caller who uses all of it at once waits for the end of the window. */
  readonly windowSeconds: number;
}

export interface RateLimiter {
  /** Counts one request of the caller; throws the 429 problem with Retry-After when it is one too many. */
  take(caller: string): Promise<void>;
}

/** A caller takes memory for one window only, and only callers whose token was verified are counted. */
export function createRateLimiter({ requests, windowSeconds }: RateLimit): RateLimiter {
  const limiter = new RateLimiterMemory({ points: requests, duration: windowSeconds });
  return {
    take: async (caller) => {
      try {
        await limiter.consume(caller);
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        throw problem('too_many_requests', {
          detail: `At most ${requests} requests in ${windowSeconds} seconds.`,
          headers: { 'Retry-After': String(Math.max(1, Math.ceil(refused.msBeforeNext / 1_000))) },
        });
      }
    },
  };
}
