// Creates spans explicitly, at the few places where work enters, leaves or commits, because automatic instrumentation would
// have to patch ES modules. Without an SDK (telemetry.ts) OpenTelemetry's no-op tracer is used, and every message still
// carries a traceparent. The invariant: a span contains ids and constants of the code, never text of a client or a driver,
// because such text can contain tokens.
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Link,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import { eventCatalogue, type CatalogueEntry } from '../../../schemas/generated/events.ts';
import { continueTrace, formatTraceparent, parseTraceparent } from './trace-context.ts';
import { timeOfUuid } from './uuid-time.ts';

export { SpanKind } from '@opentelemetry/api';

interface StartOptions {
  readonly kind?: SpanKind;
  /** A traceparent; when it is absent or invalid, the span is the root of a trace. */
  readonly parent?: string | undefined;
  /** Traceparents of related spans that are not the parent. */
  readonly links?: readonly (string | undefined)[];
  readonly attributes?: Attributes;
  readonly startTime?: Date;
}

export interface Traced {
  readonly span: Span;
  /** The parent of everything that this span causes; set even when nothing is traced. */
  readonly traceparent: string;
}

const tracer = trace.getTracer('orderflow');

const remote = (traceparent: string | undefined): SpanContext | undefined => {
  const parent = parseTraceparent(traceparent);
  return (
    parent && {
      traceId: parent.traceId,
      spanId: parent.spanId,
      traceFlags: parent.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      isRemote: true,
    }
  );
};

/** Begins a span. To discard a span, do not end it: only ended spans are exported. */
export const beginSpan = (name: string, { parent, links = [], ...options }: StartOptions = {}): Traced => {
  const from = remote(parent);
  const linked = links.map(remote).filter((context) => context !== undefined);
  const span = tracer.startSpan(
    name,
    { ...options, links: linked.map((context): Link => ({ context })) },
    from === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, from),
  );
  const { traceId, spanId, traceFlags } = span.spanContext();
  // The no-op tracer returns the parent or an invalid context; then `continueTrace` generates the span id for messages.
  const isOwn = trace.isSpanContextValid(span.spanContext()) && spanId !== from?.spanId;
  const sampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
  return {
    span,
    traceparent: isOwn ? formatTraceparent({ traceId, spanId, sampled }) : continueTrace(parent),
  };
};

const identifier = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[\w.-]{1,60}$/.test(value) ? value : undefined;

/** The code of the innermost cause, or its name, or `_OTHER` when neither is a short identifier; never its message. */
export const errorTypeOf = (thrown: unknown): string => {
  let error = thrown;
  for (let depth = 0; depth < 5 && error instanceof Error && error.cause instanceof Error; depth += 1)
    error = error.cause;
  if (!(error instanceof Error)) return '_OTHER';
  return identifier('code' in error ? error.code : undefined) ?? identifier(error.name) ?? '_OTHER';
};

/** Ends the span as failed. A rejected decision is a regular outcome, not an error. */
const endFailed = (span: Span, error: unknown): void => {
  const type = errorTypeOf(error);
  if (error instanceof Error && error.name === 'Rejected') {
    span.setAttributes({ 'orderflow.outcome': 'rejected', 'orderflow.reason': type });
  } else {
    span.setAttribute('error.type', type);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
};

/** Runs `work` in a span. `attributesOf` describes the result; if it returns undefined, the span is discarded. */
export const inSpan = async <T>(
  name: string,
  options: StartOptions,
  work: (traced: Traced) => Promise<T>,
  attributesOf: (result: T) => Attributes | undefined = () => ({}),
): Promise<T> => {
  const traced = beginSpan(name, options);
  try {
    const result = await work(traced);
    const attributes = attributesOf(result);
    if (attributes) traced.span.setAttributes(attributes).end();
    return result;
  } catch (error) {
    endFailed(traced.span, error);
    throw error;
  }
};

/** The trace id for log lines. */
export const traceIdOf = (traceparent: string): string | undefined => parseTraceparent(traceparent)?.traceId;

/** Ids of the entities that a request or an event concerns, named as in log lines, such as `orderId`. */
export type EntityIds = Readonly<Record<string, string>>;

/** The same ids as span attributes, such as `orderflow.order_id`. */
export const entityIdAttributes = (ids: EntityIds): Attributes =>
  Object.fromEntries(
    Object.entries(ids).map(([name, id]) => [
      `orderflow.${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
      id,
    ]),
  );

const catalogue: ReadonlyMap<string, CatalogueEntry> = new Map(Object.entries(eventCatalogue));

/** The message key under the name of the key field in the catalogue; empty for an unknown type. */
export const entityIdsOfEvent = (type: string | undefined, key: string | null): EntityIds => {
  const entry = catalogue.get(type ?? '');
  return entry === undefined || key === null ? {} : { [entry.keyField]: key };
};

interface EventRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp: Date;
}

export interface TracedDelivery {
  readonly traceparent: string;
  /** Records a failed attempt that is followed by another attempt. */
  readonly attemptFailed: (attempt: number, error: unknown) => void;
  readonly end: (outcome: { readonly kind: string; readonly reason?: string }) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * When the event was appended to the outbox, shortly before the commit: the time in its id. An id that is not a UUIDv7 has no
 * time; then it is the header `occurredAt`, which is slightly earlier. Without this header, or when the time is later than
 * `latest` because the clock of the writer is ahead, it is the time of publication.
 */
const appendedAt = ({ headers, timestamp }: EventRecord, latest: Date): Date => {
  const { id = '', occurredAt = '' } = headers;
  const time = timeOfUuid(id) ?? new Date(occurredAt);
  return time < latest ? time : timestamp;
};

const deliveryAttributes = (record: EventRecord, consumer: string): Attributes => ({
  'messaging.system': 'kafka',
  'messaging.operation.type': 'process',
  'messaging.destination.name': record.topic,
  'messaging.destination.partition.id': String(record.partition),
  'messaging.kafka.offset': String(record.offset),
  'messaging.consumer.group.name': consumer,
  'orderflow.event.type': typeOf(record),
  ...entityIdAttributes(entityIdsOfEvent(record.headers['eventType'], record.key)),
  ...(record.headers['id'] === undefined ? {} : { 'messaging.message.id': record.headers['id'] }),
  ...(record.key === null ? {} : { 'messaging.kafka.message.key': record.key }),
});

/** The event type in the header, validated because anybody who may write to the topic can set the header. */
const typeOf = ({ headers }: EventRecord): string => identifier(headers['eventType']) ?? 'unknown';

/**
 * Traces one delivery of a record, with all its attempts, in two spans: `cdc` from the outbox to the arrival (commit, WAL,
 * Connect, Kafka), and its child `process`, so that one trace leads from the request to the last effect. If the event is a
 * duplicate, both spans are discarded, and the delivery becomes a separate trace that is linked to the event.
 */
export const beginDelivery = (record: EventRecord, consumer: string): TracedDelivery => {
  const receivedAt = new Date();
  const { traceparent: parent } = record.headers;
  const type = typeOf(record);
  const startTime = appendedAt(record, receivedAt);
  const attributes = deliveryAttributes(record, consumer);
  const cdc = beginSpan(`cdc ${type}`, { parent, startTime, attributes });
  cdc.span.addEvent('published', {}, record.timestamp);
  const options = { kind: SpanKind.CONSUMER, startTime: receivedAt, attributes };
  const process = beginSpan(`process ${type}`, { ...options, parent: cdc.traceparent });
  return {
    traceparent: process.traceparent,
    attemptFailed: (attempt, error) => {
      process.span.addEvent('attempt failed', { attempt, 'error.type': errorTypeOf(error) });
    },
    end: ({ kind, reason }) => {
      const outcome = {
        'orderflow.outcome': kind,
        ...(reason === undefined ? {} : { 'orderflow.reason': reason }),
      };
      if (kind === 'duplicate') {
        beginSpan(`process ${type}`, { ...options, links: [parent] })
          .span.setAttributes(outcome)
          .end();
        return;
      }
      cdc.span.end(receivedAt);
      process.span.setAttributes(outcome).end();
    },
    fail: (error) => {
      cdc.span.end(receivedAt);
      endFailed(process.span, error);
    },
  };
};

/** The replay of a dead letter belongs to the trace of the request for it, and is linked to the trace of the event. */
export const beginReplay = (
  record: EventRecord,
  consumer: string,
  parent: string | undefined,
): TracedDelivery => {
  const { span, traceparent } = beginSpan(`replay ${typeOf(record)}`, {
    kind: SpanKind.CONSUMER,
    parent,
    links: [record.headers['traceparent']],
    attributes: deliveryAttributes(record, consumer),
  });
  return {
    traceparent,
    attemptFailed: () => undefined,
    end: ({ kind }) => {
      span.setAttribute('orderflow.outcome', kind).end();
    },
    fail: (error) => endFailed(span, error),
  };
};
