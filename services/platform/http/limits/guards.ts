// The limits at the door of a process, from its settings.
import { readConfig } from '../../process/settings/config.ts';
import { guardSettings, type GuardConfig } from '../../process/settings/guard-settings.ts';
import { createAdmission, createShares } from './load-shedding.ts';
import { addCounter, addGauge, createMetrics, type Metrics } from '../../telemetry/metrics.ts';
import { problem } from '../endpoint/problem.ts';
import { createRateLimiter } from './rate-limit.ts';
import type { Guards } from '../server/request-context.ts';

/** Of a process whose endpoints are for everyone: it has nobody to ask for a token's owner. */
const nobody: Guards['authenticate'] = () => Promise.reject(problem('unauthenticated'));

const defaults = (): GuardConfig => readConfig(guardSettings, {});

/** The guards as the settings want them, those of the defaults when absent. */
export const createGuards = (
  config: GuardConfig = defaults(),
  authenticate: Guards['authenticate'] = nobody,
  busy?: () => string | undefined,
): Guards => ({
  authenticate,
  rateLimiter: createRateLimiter({ requests: config.rateLimit, windowSeconds: config.rateLimitSeconds }),
  admission: createAdmission({
    inFlight: config.maxInFlight,
    eventLoopDelayMs: config.maxEventLoopDelayMs,
    busy,
  }),
  shares: createShares(config.maxInFlightPerSubject),
  requestTimeoutMs: config.requestTimeoutMs,
});

/** The door of a process: once per process, because its metrics are those of the process as well. */
export interface Door {
  readonly guards: Guards;
  readonly metrics: Metrics;
  readonly corsOrigins: readonly string[];
}

/**
 * Opens the door of a process; `load` is what its readiness has to say of it.
 * @param busy Why what most requests need would keep a new one waiting in vain, undefined while it would not.
 */
export function openDoor(
  config: GuardConfig,
  authenticate?: Guards['authenticate'],
  busy?: () => string | undefined,
): { readonly door: Door; readonly load: () => Promise<void> } {
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
    door: { guards, metrics, corsOrigins: config.corsOrigins },
    load: () => {
      const reason = admission.saturated();
      return reason === undefined ? Promise.resolve() : Promise.reject(new Error(`overloaded: ${reason}`));
    },
  };
}
