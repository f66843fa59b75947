// The limits on the requests of a process, made from its settings.
import { readConfig } from '../../process/settings/config.ts';
import { guardSettings, type GuardConfig } from '../../process/settings/guard-settings.ts';
import { createAdmission, createConcurrencyLimiter } from './load-shedding.ts';
import { addCounter, addGauge, createMetrics, type Metrics } from '../../telemetry/metrics.ts';
import { problem } from '../endpoint/problem.ts';
import { createRateLimiter } from './rate-limit.ts';
import type { Guards } from '../server/request-context.ts';

/** For a process without protected endpoints. */
const refuseEverybody: Guards['authenticate'] = () => Promise.reject(problem('unauthenticated'));

/** `busy` returns why requests would wait too long for a shared resource, such as the database; undefined when they would not. */
export const createGuards = (
  config: GuardConfig = readConfig(guardSettings, {}),
  authenticate: Guards['authenticate'] = refuseEverybody,
  busy?: () => string | undefined,
): Guards => ({
  authenticate,
  rateLimiter: createRateLimiter({ requests: config.rateLimit, windowSeconds: config.rateLimitSeconds }),
  admission: createAdmission({
    inFlight: config.maxInFlight,
    eventLoopDelayMs: config.maxEventLoopDelayMs,
    busy,
  }),
  concurrencyLimiter: createConcurrencyLimiter(config.maxInFlightPerSubject),
  requestTimeoutMs: config.requestTimeoutMs,
});

/** The options of `createApp` that all applications of a process share. `metrics` includes the metrics of the process itself. */
export interface HttpOptions {
  readonly guards: Guards;
  readonly metrics: Metrics;
  readonly corsOrigins: readonly string[];
}

/** `checkLoad` is a health check that fails while the process refuses requests because of the load. `busy`: see `createGuards`. */
export function createHttpOptions(
  config: GuardConfig,
  authenticate?: Guards['authenticate'],
  busy?: () => string | undefined,
): { readonly httpOptions: HttpOptions; readonly checkLoad: () => Promise<void> } {
  const guards = createGuards(config, authenticate, busy);
  const { admission } = guards;
  const metrics = createMetrics({ ofProcess: true });
  addGauge(metrics, 'http_server_active_requests', 'Requests under way.', admission.inFlight);
  addCounter(
    metrics,
    'http_server_refused_requests_total',
    'Requests refused because of the load.',
    admission.refused,
  );
  return {
    httpOptions: { guards, metrics, corsOrigins: config.corsOrigins },
    checkLoad: () => {
      const reason = admission.saturated();
      return reason === undefined ? Promise.resolve() : Promise.reject(new Error(`overloaded: ${reason}`));
    },
  };
}
