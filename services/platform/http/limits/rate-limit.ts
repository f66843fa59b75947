// The rate limit per caller. Each process counts by itself: the limit protects this instance and needs no shared store that
// could fail.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { problem } from '../endpoint/problem.ts';

interface RateLimit {
  readonly requests: number;
  readonly windowSeconds: number;
}

export interface RateLimiter {
  /** Counts one request of the caller; throws the 429 problem with Retry-After beyond the limit. */
  take(caller: string): Promise<void>;
}

/** Memory is bounded: a counter is deleted after one window, and only callers with a verified token are counted. */
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
