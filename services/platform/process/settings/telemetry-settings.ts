// The settings of tracing: the standard variables of OpenTelemetry.
import { z } from 'zod';
import { isPercentEncoded, setting, type Config, type settings } from './config.ts';

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
export type SamplerName = (typeof samplers)[number];

const header = /^([A-Za-z0-9-]{1,100})=(.{1,4000})$/;

export const telemetrySettings = {
  otlpEndpoint: setting(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'the http or https address of a collector that accepts OTLP over HTTP, such as http://localhost:4318',
    z
      .string()
      .refine((value) => ['http:', 'https:'].includes(URL.parse(value)?.protocol ?? ''))
      .optional(),
    {
      description: 'Spans are exported to /v1/traces below this address, as JSON.',
      whenUnset: 'nothing is traced and the tracing SDK is not loaded',
    },
  ),
  otlpHeaders: setting(
    'OTEL_EXPORTER_OTLP_HEADERS',
    'a comma-separated list of name=value, with percent-encoded values',
    z
      .string()
      .transform((value) => value.split(',').map((entry) => header.exec(entry.trim())))
      .refine((entries) => entries.every((entry) => entry !== null && isPercentEncoded(entry[2] ?? '')))
      .transform((entries) =>
        Object.fromEntries(entries.map((entry) => [entry?.[1] ?? '', decodeURIComponent(entry?.[2] ?? '')])),
      )
      .default({}),
    {
      secret: true,
      description: 'Headers of each export, percent-encoded, such as the key of a hosted collector.',
    },
  ),
  tracesSampler: setting(
    'OTEL_TRACES_SAMPLER',
    `one of ${samplers.join(', ')}`,
    z.enum(samplers).default('parentbased_always_on'),
    {
      description:
        'Which traces are sampled. The samplers parentbased_* follow the decision of the caller, also of a client that sends a traceparent; traceidratio decides by the trace id, the same in every service.',
    },
  ),
  tracesSamplerArg: setting(
    'OTEL_TRACES_SAMPLER_ARG',
    'a number from 0 to 1',
    z
      .string()
      .regex(/^\d(\.\d{1,10})?$/)
      .transform(Number)
      .pipe(z.number().min(0).max(1))
      .default(1),
    { description: 'The share of traces that a traceidratio sampler samples; 0.1 is one in ten.' },
  ),
  otelServiceName: setting(
    'OTEL_SERVICE_NAME',
    'a name',
    z
      .string()
      .regex(/^[\w.-]{1,100}$/)
      .optional(),
    { description: 'The service name in the spans of the process.', whenUnset: 'the name of the service' },
  ),
};

export type TelemetryConfig = Config<typeof telemetrySettings> &
  Config<{ environment: typeof settings.environment }>;
