// Parses spans and formats each trace as a tree. The spans are OTLP JSON, as the services and the file exporter of the
// OpenTelemetry Collector write it, or a response of Jaeger's API.
import { z } from 'zod';

interface SpanId {
  readonly traceId: string;
  readonly spanId: string;
}

export interface TraceSpan extends SpanId {
  /** Undefined when the span has no parent. The spans that were read may lack the parent. */
  readonly parentId: string | undefined;
  readonly service: string;
  readonly name: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly events: readonly { readonly name: string; readonly at: number }[];
  /** Related spans other than the parent. */
  readonly links: readonly SpanId[];
  readonly failed: boolean;
}

const otlpValue = z
  .looseObject({
    stringValue: z.string().optional(),
    // OTLP JSON writes 64-bit integers as strings; some senders write numbers.
    intValue: z.union([z.string(), z.number()]).optional(),
    doubleValue: z.number().optional(),
    boolValue: z.boolean().optional(),
  })
  .transform(({ stringValue, intValue, doubleValue, boolValue }) =>
    String(stringValue ?? intValue ?? doubleValue ?? boolValue ?? ''),
  );
const otlpAttributes = z
  .array(z.object({ key: z.string(), value: otlpValue }))
  .default([])
  .transform((pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, value])));
const nanoseconds = z
  .union([z.string().regex(/^\d{1,20}$/), z.number()])
  .transform((value) => Number(BigInt(value) / 1_000n) / 1_000);
const spanId = z.object({ traceId: z.string(), spanId: z.string() });
const otlpSpan = spanId.extend({
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes: otlpAttributes,
  events: z.array(z.object({ name: z.string(), timeUnixNano: nanoseconds })).default([]),
  links: z.array(spanId).default([]),
  status: z.object({ code: z.union([z.number(), z.string()]).optional() }).default({}),
});
const otlp = z.object({
  resourceSpans: z
    .array(
      z.object({
        resource: z.object({ attributes: otlpAttributes }),
        scopeSpans: z.array(z.object({ spans: z.array(otlpSpan) })),
      }),
    )
    .default([]),
});

/** The spans of one OTLP/HTTP export request in JSON; none without `resourceSpans`. Throws when a field has another type. */
export const spansFromOtlp = (body: unknown): TraceSpan[] =>
  otlp.parse(body).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ parentSpanId, startTimeUnixNano, endTimeUnixNano, events, status, ...span }) => ({
        ...span,
        service: resource.attributes['service.name'] ?? 'unknown',
        parentId: parentSpanId === '' ? undefined : parentSpanId,
        start: startTimeUnixNano,
        end: endTimeUnixNano,
        events: events.map(({ name, timeUnixNano }) => ({ name, at: timeUnixNano })),
        failed: status.code === 2 || status.code === 'STATUS_CODE_ERROR',
      })),
    ),
  );

/** Some versions of Jaeger write null for an empty list. */
const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((list) => list ?? []);
const tags = listOf(z.object({ key: z.string(), value: z.unknown() })).transform((pairs) =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, String(value)])),
);
const jaeger = z.object({
  data: listOf(
    z.object({
      processes: z.record(z.string(), z.object({ serviceName: z.string() })),
      spans: z.array(
        z.object({
          traceID: z.string(),
          spanID: z.string(),
          operationName: z.string(),
          processID: z.string(),
          references: listOf(z.object({ refType: z.string(), traceID: z.string(), spanID: z.string() })),
          /** Microseconds. */
          startTime: z.number(),
          duration: z.number(),
          tags,
          logs: listOf(z.object({ timestamp: z.number(), fields: tags })),
        }),
      ),
    }),
  ),
});

/** The spans in a response of Jaeger's query API; none without `data`. Throws when a field has another type. */
export const spansFromJaeger = (body: unknown): TraceSpan[] =>
  jaeger.parse(body).data.flatMap(({ processes, spans }) =>
    spans.map((span) => {
      const { traceID: traceId, tags: attributes, references } = span;
      const parent = references.find(({ refType, traceID }) => refType === 'CHILD_OF' && traceID === traceId);
      return {
        traceId,
        spanId: span.spanID,
        parentId: parent?.spanID,
        service: processes[span.processID]?.serviceName ?? 'unknown',
        name: span.operationName,
        start: span.startTime / 1_000,
        end: (span.startTime + span.duration) / 1_000,
        attributes,
        events: span.logs.map(({ timestamp, fields }) => ({
          name: fields['event'] ?? 'event',
          at: timestamp / 1_000,
        })),
        links: references
          .filter((reference) => reference !== parent)
          .map(({ traceID, spanID }) => ({ traceId: traceID, spanId: spanID })),
        failed: attributes['error'] === 'true',
      };
    }),
  );

const ms = (value: number): string => `${value.toFixed(1)} ms`;

/** The details shown after the name of a span. */
const notesOf = ({ attributes, events, links, start }: TraceSpan): string[] => {
  const shownAttributes = [
    'http.response.status_code',
    'orderflow.outcome',
    'orderflow.reason',
    'error.type',
  ];
  const published = events.find(({ name }) => name === 'published');
  const failed = events.filter(({ name }) => name === 'attempt failed').length;
  return [
    ...shownAttributes.map((name) => attributes[name]).filter((value) => value !== undefined),
    ...(published ? [`published after ${ms(Math.max(0, published.at - start))}`] : []),
    ...(failed > 0 ? [`${failed} attempts failed`] : []),
    ...links.map(({ traceId, spanId }) => `linked to ${traceId.slice(0, 8)}…/${spanId}`),
  ];
};

const earliestFirst = (one: TraceSpan, other: TraceSpan): number => one.start - other.start;

/** One line per span: start since `timeOrigin`, duration, service, and the name, indented below the parent span. */
const formatTrace = (spans: readonly TraceSpan[], timeOrigin: number): string[] => {
  const spanIds = new Set(spans.map(({ spanId }) => spanId));
  const children = Map.groupBy(spans, ({ parentId }) =>
    parentId !== undefined && spanIds.has(parentId) ? parentId : undefined,
  );
  const width = Math.max(...spans.map(({ service }) => service.length));
  const linesBelow = (parent: string | undefined, indent: string): string[] =>
    (children.get(parent) ?? []).toSorted(earliestFirst).flatMap((span, index, siblings) => {
      const isLast = index === siblings.length - 1;
      const branch = parent === undefined ? '' : isLast ? '└─ ' : '├─ ';
      const deeper = parent === undefined ? '' : isLast ? '   ' : '│  ';
      const times = `${ms(span.start - timeOrigin).padStart(11)} ${ms(span.end - span.start).padStart(11)}`;
      const notes = notesOf(span).join(', ');
      const name = `${indent}${branch}${span.name}${notes === '' ? '' : `  (${notes})`}`;
      return [
        `${times}   ${span.service.padEnd(width)}   ${name}${span.failed ? '  FAILED' : ''}`,
        ...linesBelow(span.spanId, indent + deeper),
      ];
    });
  return linesBelow(undefined, '');
};

/** Every trace as a tree, earliest first. Times are relative to `timeOrigin`, milliseconds since the epoch. */
export const formatTraces = (spans: readonly TraceSpan[], timeOrigin: number): string[] =>
  [...Map.groupBy(spans, ({ traceId }) => traceId)]
    .map(([traceId, traceSpans]) => ({
      traceId,
      traceSpans,
      start: Math.min(...traceSpans.map(({ start }) => start)),
      end: Math.max(...traceSpans.map(({ end }) => end)),
    }))
    .toSorted((one, other) => one.start - other.start)
    .flatMap(({ traceId, traceSpans, start, end }) => [
      `trace ${traceId}: ${traceSpans.length} spans in ${ms(end - start)}`,
      ...formatTrace(traceSpans, timeOrigin),
    ]);
