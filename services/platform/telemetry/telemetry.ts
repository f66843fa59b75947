// The tracing SDK: loaded by the composition only when there is somewhere to export to, because it costs memory and time
// that nobody should pay for nothing. Whatever becomes of the exporter, no request waits for it or fails with it: spans
// wait in a bounded queue, what does not fit is dropped, and a collector that is away is a line in the log once a minute.
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

/** Every bound is explicit: the defaults of a library are not a decision. */
const limits = {
  maxQueueSize: 4_096,
  maxExportBatchSize: 512,
  scheduledDelayMillis: 2_000,
  exportTimeoutMillis: 3_000,
} as const;
const complainEveryMs = 60_000;

export interface Telemetry {
  /** Sends what waits and ends; takes no longer than one export. */
  readonly stop: () => Promise<void>;
}

/** What went wrong: the SDK says it as text, or as the JSON of an error with its stack. */
export const exportTrouble = (said: string): string => {
  const [, message] = /"message":("(?:[^"\\]|\\.)*")/.exec(said) ?? [];
  const reason: unknown = message === undefined ? said : JSON.parse(message);
  return String(reason).slice(0, 300);
};

/** A root that is linked to a sampled span is sampled too: a re-delivery or a replay would otherwise not be found from it. */
const withLinks = (sampler: Sampler): Sampler => {
  const on = new ParentBasedSampler({ root: new AlwaysOnSampler() });
  return {
    shouldSample: (context, traceId, name, kind, attributes, links) => {
      const isLinkedRoot =
        trace.getSpanContext(context) === undefined &&
        links.some((link) => (link.context.traceFlags & TraceFlags.SAMPLED) !== 0);
      return (isLinkedRoot ? on : sampler).shouldSample(context, traceId, name, kind, attributes, links);
    },
    toString: () => `WithLinks{${sampler.toString()}}`,
  };
};

/** As the specification of OpenTelemetry names them. */
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

/** Starts tracing for the process; `endpoint` is where OTLP over HTTP is taken. */
export const startTelemetry = (
  name: string,
  endpoint: string,
  config: TelemetryConfig,
  logger: Logger,
): Telemetry => {
  let complainedAt = -Infinity;
  const complain = (message: string): void => {
    if (performance.now() - complainedAt < complainEveryMs) return;
    complainedAt = performance.now();
    logger.warn('spans could not be exported and are dropped', { reason: exportTrouble(message) });
  };
  const quiet = (): void => undefined;
  diag.setLogger(
    { error: complain, warn: complain, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN },
  );
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: config.otlpHeaders,
    timeoutMillis: limits.exportTimeoutMillis,
    // A full queue at once, when the process stops, beside the batch that is under way.
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
      await provider.shutdown().catch((error: unknown) => complain(String(error)));
    },
  };
};
