// The tracing SDK, loaded only when a collector is configured, because it costs memory and start-up time. Requests do not depend
// on the exporter: spans wait in a bounded queue and are dropped when the queue is full. An unreachable collector is logged at
// most once per minute.
import { diag, DiagLogLevel, trace, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import { randomUUID } from 'node:crypto';
import type { Logger } from '../process/logger.ts';
import type { SamplerName, TelemetryConfig } from '../process/settings/telemetry-settings.ts';

const limits = {
  maxQueueSize: 4_096,
  maxExportBatchSize: 512,
  scheduledDelayMillis: 2_000,
  exportTimeoutMillis: 3_000,
} as const;
const warnEveryMs = 60_000;

interface Telemetry {
  /** Exports the queued spans; takes no longer than one export. */
  readonly stop: () => Promise<void>;
}

/** The message of an error that the SDK has logged, either as text or as JSON with the stack. */
export const exportErrorMessage = (logged: string): string => {
  const [, message] = /"message":("(?:[^"\\]|\\.)*")/.exec(logged) ?? [];
  const reason: unknown = message === undefined ? logged : JSON.parse(message);
  return String(reason).slice(0, 300);
};

/** Also samples root spans that link to a sampled span, so that a redelivery or replay can be found from the trace of the event. */
const withLinks = (sampler: Sampler): Sampler => {
  const always = new ParentBasedSampler({ root: new AlwaysOnSampler() });
  return {
    shouldSample: (context, traceId, name, kind, attributes, links) => {
      const isLinkedRoot =
        trace.getSpanContext(context) === undefined &&
        links.some((link) => (link.context.traceFlags & TraceFlags.SAMPLED) !== 0);
      return (isLinkedRoot ? always : sampler).shouldSample(context, traceId, name, kind, attributes, links);
    },
    toString: () => `WithLinks{${sampler.toString()}}`,
  };
};

/** The sampler with this name in the OpenTelemetry specification; the `parentbased_` samplers are extended by `withLinks`. */
export const samplerOf = (name: SamplerName, ratio: number): Sampler => {
  const byRatio = () => new TraceIdRatioBasedSampler(ratio);
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return byRatio();
    case 'parentbased_always_on':
      return withLinks(new ParentBasedSampler({ root: new AlwaysOnSampler() }));
    case 'parentbased_always_off':
      return withLinks(new ParentBasedSampler({ root: new AlwaysOffSampler() }));
    case 'parentbased_traceidratio':
      return withLinks(new ParentBasedSampler({ root: byRatio() }));
  }
};

/** `endpoint` is the base URL of a collector that accepts OTLP over HTTP. */
export const startTelemetry = (
  name: string,
  endpoint: string,
  config: TelemetryConfig,
  logger: Logger,
): Telemetry => {
  let warnedAt = -Infinity;
  const warn = (message: string): void => {
    if (performance.now() - warnedAt < warnEveryMs) return;
    warnedAt = performance.now();
    logger.warn('spans could not be exported and are dropped', { reason: exportErrorMessage(message) });
  };
  const ignore = (): void => undefined;
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN },
  );
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: config.otlpHeaders,
    timeoutMillis: limits.exportTimeoutMillis,
    // On stop, all batches of a full queue are exported concurrently, in addition to the export under way. With a lower limit, the
    // exporter would drop batches.
    concurrencyLimit: limits.maxQueueSize / limits.maxExportBatchSize + 1,
  });
  const provider = new TracerProvider({
    sampler: samplerOf(config.tracesSampler, config.tracesSamplerArg),
    spanLimits: { attributeValueLengthLimit: 200, eventCountLimit: 64, linkCountLimit: 16 },
    resource: resourceFromAttributes({
      'service.name': config.otelServiceName ?? name,
      'service.namespace': 'orderflow',
      'service.instance.id': randomUUID(),
      'deployment.environment.name': config.environment,
    }),
    spanProcessors: [new BatchSpanProcessor({ exporter, ...limits })],
  });
  trace.setGlobalTracerProvider(provider);
  return {
    stop: async () => {
      await provider.shutdown().catch((error: unknown) => warn(String(error)));
    },
  };
};
