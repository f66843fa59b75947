import type { Lifecycle } from '../process/lifecycle.ts';
import type { Logger } from '../process/logger.ts';
import type { TelemetryConfig } from '../process/settings/telemetry-settings.ts';

/** Traces the process where a collector is named. Without one no tracing code is loaded. */
export const startTracing = async (
  name: string,
  config: TelemetryConfig,
  lifecycle: Lifecycle,
  logger: Logger,
): Promise<void> => {
  if (config.otlpEndpoint === undefined) return;
  const { startTelemetry } = await import('./telemetry.ts');
  const telemetry = startTelemetry(name, config.otlpEndpoint, config, logger);
  // Registered first, so stopped last: the spans of whatever is finished while stopping are sent as well.
  lifecycle.onStop('telemetry', telemetry.stop, 3_000);
};
