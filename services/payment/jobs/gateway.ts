// The gateway behind a timeout, a bounded retry and a circuit breaker. Without the timeout a hanging provider would hold
// every worker; without the breaker each waiting payment would wait for it once more; a retry is safe because every call
// repeats its idempotency key. A decline is an answer: it is never retried and never opens the circuit.
import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhenResult,
  isBrokenCircuitError,
  retry,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import type { Logger } from '../../platform/process/logger.ts';
import type { GatewayResult } from '../domain/gateway-call.ts';
import type { ChargeRequest, GatewayClient, LookUpRequest, RefundRequest } from './gateway-client.ts';

export interface Resilience {
  /** Longest time for one call, ms. */
  readonly timeoutMs: number;
  /** Further calls at once, with jitter, after one that failed fast; one that timed out has had its time. */
  readonly retries: number;
  /** Longest pause between them, ms. */
  readonly retryMaxMs: number;
  /** Consecutive calls of unknown outcome that open the circuit. */
  readonly failures: number;
  /** Time after which an open circuit lets one call through, ms. */
  readonly halfOpenAfterMs: number;
}

/** What came of a request. `turned_away`: the circuit is open and nothing was called. */
export type Outcome = GatewayResult | { readonly kind: 'turned_away' };

/** Asked before each call; when it says no, none is made. */
export type MayCall = () => Promise<boolean>;

export interface Circuit {
  readonly state: 'closed' | 'open' | 'half_open';
  readonly openedAt: Date | null;
  readonly calls: number;
  readonly successes: number;
  /** Definite refusals. */
  readonly declines: number;
  /** Calls after which it was not known whether money moved. */
  readonly unknown: number;
  /** Requests and retries that the open circuit turned away. */
  readonly rejected: number;
}

export interface Gateway {
  charge(request: ChargeRequest, mayCall: MayCall): Promise<Outcome>;
  refund(request: RefundRequest, mayCall: MayCall): Promise<Outcome>;
  lookUp(request: LookUpRequest, mayCall: MayCall): Promise<Outcome>;
  /** How many of the requests that are due may be asked now: all of them, one to probe with, or none. */
  admits(): 'all' | 'one' | 'none';
  circuit(): Circuit;
}

const stateNames = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half_open',
  [CircuitState.Isolated]: 'open',
} as const;

const isResult = (value: unknown): value is GatewayResult =>
  typeof value === 'object' && value !== null && 'kind' in value;
const isUnknown = (value: unknown): boolean => isResult(value) && value.kind === 'unknown';
const failedFast = (value: unknown): boolean =>
  isResult(value) && value.kind === 'unknown' && !value.timedOut;

/** One per process: the circuit is shared by all its requests. */
export function createGateway(client: GatewayClient, resilience: Resilience, logger: Logger): Gateway {
  const { timeoutMs, retries, retryMaxMs, failures, halfOpenAfterMs } = resilience;
  const counts = { calls: 0, successes: 0, declines: 0, unknown: 0, rejected: 0 };
  /** `since` is of the monotonic clock and counts; `at` is what people are shown. */
  let opened: { readonly at: Date; readonly since: number } | null = null;

  const breaker = circuitBreaker(handleWhenResult(isUnknown), {
    // The breaker would measure the pause with the wall clock, and a step of it would skip or stretch the pause. `admits`
    // measures it instead, so the breaker lets every probe through that reaches it.
    halfOpenAfter: Number.NEGATIVE_INFINITY,
    breaker: new ConsecutiveBreaker(failures),
  });
  breaker.onBreak(() => {
    opened = { at: new Date(), since: performance.now() };
    logger.error('the gateway does not answer; payments wait', { probeInMs: halfOpenAfterMs, ...counts });
  });
  breaker.onReset(() => {
    opened = null;
    logger.info('the gateway answers again; payments go on', { ...counts });
  });
  const retrying = retry(handleWhenResult(failedFast), {
    maxAttempts: retries,
    backoff: new ExponentialBackoff({ initialDelay: Math.min(100, retryMaxMs), maxDelay: retryMaxMs }),
  });
  const guarded = wrap(breaker, timeout(timeoutMs, TimeoutStrategy.Cooperative));

  const count = ({ kind }: GatewayResult): void => {
    if (kind === 'unknown' || kind === 'in_progress') counts.unknown += 1;
    else if (kind === 'refused') counts.declines += 1;
    else counts.successes += 1;
  };

  const admits = (): 'all' | 'one' | 'none' => {
    if (breaker.state === CircuitState.Closed) return 'all';
    const isDue = opened !== null && performance.now() - opened.since >= halfOpenAfterMs;
    return breaker.state === CircuitState.Open && isDue ? 'one' : 'none';
  };

  const request = async (
    mayCall: MayCall,
    call: (signal: AbortSignal, resends: number) => Promise<GatewayResult>,
  ): Promise<Outcome> => {
    let last: GatewayResult | undefined;
    let sent = 0;
    const callOnce = async ({ signal }: { readonly signal: AbortSignal }): Promise<GatewayResult> => {
      if (!(await mayCall())) return { kind: 'unknown', error: 'the lease has ended', timedOut: true };
      counts.calls += 1;
      last = await call(signal, sent);
      sent += 1;
      count(last);
      return last;
    };
    try {
      return await retrying.execute(() => {
        // The breaker would keep a second caller waiting for its probe, perhaps until its lease has ended.
        if (admits() === 'none') throw new BrokenCircuitError();
        return guarded.execute(callOnce);
      });
    } catch (error) {
      if (!isBrokenCircuitError(error)) throw error;
      counts.rejected += 1;
      // Opened between two calls of this request: what the first one came to is still to be found out.
      return last ?? { kind: 'turned_away' };
    }
  };

  return {
    charge: (what, mayCall) =>
      request(mayCall, (signal, resends) => client.charge({ ...what, resends }, signal)),
    refund: (what, mayCall) =>
      request(mayCall, (signal, resends) => client.refund({ ...what, resends }, signal)),
    lookUp: (what, mayCall) =>
      request(mayCall, (signal, resends) => client.lookUp({ ...what, resends }, signal)),
    admits,
    circuit: () => ({ state: stateNames[breaker.state], openedAt: opened?.at ?? null, ...counts }),
  };
}
