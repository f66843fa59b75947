// Wraps the gateway client in a timeout, a bounded retry and a circuit breaker. Without the timeout, a hanging provider would
// block all calls; without the breaker, every due payment would wait for the timeout. A retry is safe because it has the same
// idempotency key. A decline is a definite answer: it is not retried and does not open the circuit.
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
  /** Maximum duration of one call, ms. */
  readonly timeoutMs: number;
  /** Number of retries of a failed call, with jitter. A call that timed out is not retried. */
  readonly retries: number;
  /** Maximum pause before a retry, ms. */
  readonly retryMaxMs: number;
  /** Number of consecutive calls with unknown outcome that opens the circuit. */
  readonly failures: number;
  /** Pause before an open circuit admits one call as a probe, ms. */
  readonly halfOpenAfterMs: number;
}

/** `circuit_open`: the open circuit has rejected the request; no call was made. */
export type Outcome = GatewayResult | { readonly kind: 'circuit_open' };

/** Checked before each call; no call is made if it resolves to false. */
export type MayCall = () => Promise<boolean>;

export interface Circuit {
  readonly state: 'closed' | 'open' | 'half_open';
  readonly openedAt: Date | null;
  readonly calls: number;
  /** Calls that succeeded, including look-ups that found no charge. */
  readonly successes: number;
  /** Calls that the provider definitely refused. */
  readonly declines: number;
  /** Calls without a definite answer, so money may have moved. */
  readonly unknown: number;
  /** Requests and retries that the open circuit rejected. */
  readonly rejected: number;
}

export interface Gateway {
  charge(request: ChargeRequest, mayCall: MayCall): Promise<Outcome>;
  refund(request: RefundRequest, mayCall: MayCall): Promise<Outcome>;
  lookUp(request: LookUpRequest, mayCall: MayCall): Promise<Outcome>;
  /** How many due requests may be sent now: all, one (as a probe), or none. */
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

/** A process needs one gateway, whose circuit all requests share. */
export function createGateway(client: GatewayClient, resilience: Resilience, logger: Logger): Gateway {
  const { timeoutMs, retries, retryMaxMs, failures, halfOpenAfterMs } = resilience;
  const counts = { calls: 0, successes: 0, declines: 0, unknown: 0, rejected: 0 };
  /** The opening of the circuit: `since` (monotonic clock) measures the pause, `at` is shown to people. */
  let opened: { readonly at: Date; readonly since: number } | null = null;

  const breaker = circuitBreaker(handleWhenResult(isUnknown), {
    // The breaker would measure the pause with the wall clock, so a clock change could shorten or extend the pause. Instead,
    // `admits` measures the pause, and the breaker admits every probe.
    halfOpenAfter: Number.NEGATIVE_INFINITY,
    breaker: new ConsecutiveBreaker(failures),
  });
  breaker.onBreak(() => {
    opened = { at: new Date(), since: performance.now() };
    logger.error('calls to the gateway fail, so the circuit is open; payments wait', {
      probeInMs: halfOpenAfterMs,
      ...counts,
    });
  });
  breaker.onReset(() => {
    opened = null;
    logger.info('the gateway answers again; payments continue', { ...counts });
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

  const send = async (
    mayCall: MayCall,
    call: (signal: AbortSignal, resends: number) => Promise<GatewayResult>,
  ): Promise<Outcome> => {
    let last: GatewayResult | undefined;
    let sent = 0;
    const callOnce = async ({ signal }: { readonly signal: AbortSignal }): Promise<GatewayResult> => {
      counts.calls += 1;
      last = await call(signal, sent);
      sent += 1;
      count(last);
      return last;
    };
    try {
      return await retrying.execute(async (): Promise<GatewayResult> => {
        // Outside the breaker, because a lease that has ended says nothing about the provider.
        if (!(await mayCall())) return { kind: 'unknown', error: 'the lease has ended', timedOut: true };
        // The breaker would let a second request wait for the probe, possibly until the lease of that request has ended.
        if (admits() === 'none') throw new BrokenCircuitError();
        return guarded.execute(callOnce);
      });
    } catch (error) {
      if (!isBrokenCircuitError(error)) throw error;
      counts.rejected += 1;
      // If the circuit opened between two calls of this request, the outcome of the last call counts.
      return last ?? { kind: 'circuit_open' };
    }
  };

  return {
    charge: (request, mayCall) =>
      send(mayCall, (signal, resends) => client.charge({ ...request, resends }, signal)),
    refund: (request, mayCall) =>
      send(mayCall, (signal, resends) => client.refund({ ...request, resends }, signal)),
    lookUp: (request, mayCall) =>
      send(mayCall, (signal, resends) => client.lookUp({ ...request, resends }, signal)),
    admits,
    circuit: () => ({ state: stateNames[breaker.state], openedAt: opened?.at ?? null, ...counts }),
  };
}
