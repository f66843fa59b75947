import type { Lifecycle } from '../process/lifecycle.ts';
import type { Logger } from '../process/logger.ts';
import type { TelemetryConfig } from '../process/settings/telemetry-settings.ts';

/** Starts tracing if a collector is configured. Otherwise the tracing SDK is not loaded. */
export const startTracing = async (
  name: string,
  config: TelemetryConfig,
  lifecycle: Lifecycle,
  logger: Logger,
): Promise<void> => {
  if (config.otlpEndpoint === undefined) return;
  const { startTelemetry } = await import('./telemetry.ts');
  const telemetry = startTelemetry(name, config.otlpEndpoint, config, logger);
  // Registered first, so stopped last: it exports the spans of work that finishes during the shutdown.
  lifecycle.onStop('telemetry', telemetry.stop, 3_000);
};
