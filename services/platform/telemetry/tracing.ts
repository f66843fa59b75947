// Spans at the few places where work enters, leaves or commits; written by hand, because patching modules at run time is
// at odds with ES modules and our seams are explicit anyway. Without an SDK (see telemetry.ts) OpenTelemetry's own no-op
// tracer answers, and what remains is the traceparent that every message carries, traced or not.
// The invariant: a span holds ids and words of the code, never a text that a client or a driver wrote: those quote tokens.
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

export interface Beginning {
  readonly kind?: SpanKind;
  /** A traceparent; absent or invalid: the span is the root of a trace. */
  readonly parent?: string | undefined;
  /** Traceparents of what this span has to do with without being caused by it in time. */
  readonly links?: readonly (string | undefined)[];
  readonly attributes?: Attributes;
  readonly startTime?: Date;
}

export interface Traced {
  readonly span: Span;
  /** What everything carries that follows from this span; also when nothing is traced. */
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

/** Begins a span. One that is never ended is never exported: that is how a span is taken back. */
export const beginSpan = (name: string, { parent, links = [], ...options }: Beginning = {}): Traced => {
  const from = remote(parent);
  const linked = links.map(remote).filter((context) => context !== undefined);
  const span = tracer.startSpan(
    name,
    { ...options, links: linked.map((context): Link => ({ context })) },
    from === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, from),
  );
  const { traceId, spanId, traceFlags } = span.spanContext();
  // The no-op tracer hands back the parent, or nothing valid: then ids are given as they were before there was a tracer.
  const isOwn = trace.isSpanContextValid(span.spanContext()) && spanId !== from?.spanId;
  const sampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
  return {
    span,
    traceparent: isOwn ? formatTraceparent({ traceId, spanId, sampled }) : continueTrace(parent),
  };
};

const named = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[\w.-]{1,60}$/.test(value) ? value : undefined;

/** The code of the innermost error, else its name: words of a library or of ours. */
export const errorTypeOf = (thrown: unknown): string => {
  let error = thrown;
  for (let depth = 0; depth < 5 && error instanceof Error && error.cause instanceof Error; depth += 1)
    error = error.cause;
  if (!(error instanceof Error)) return '_OTHER';
  return named('code' in error ? error.code : undefined) ?? named(error.name) ?? '_OTHER';
};

/** Ends the span as failed. A rejected decision is an answer and no failure. */
export const endFailed = (span: Span, error: unknown): void => {
  const type = errorTypeOf(error);
  if (error instanceof Error && error.name === 'Rejected') {
    span.setAttributes({ 'orderflow.outcome': 'rejected', 'orderflow.reason': type });
  } else {
    span.setAttribute('error.type', type);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
};

/**
 * Does `work` within a span. `conclude` says what is told of the result; undefined takes the span back, for work that turned
 * out to be none.
 */
export const inSpan = async <T>(
  name: string,
  beginning: Beginning,
  work: (traced: Traced) => Promise<T>,
  conclude: (result: T) => Attributes | undefined = () => ({}),
): Promise<T> => {
  const traced = beginSpan(name, beginning);
  try {
    const result = await work(traced);
    const attributes = conclude(result);
    if (attributes) traced.span.setAttributes(attributes).end();
    return result;
  } catch (error) {
    endFailed(traced.span, error);
    throw error;
  }
};

/** For log lines. */
export const traceIdOf = (traceparent: string): string | undefined => parseTraceparent(traceparent)?.traceId;

/** Ids of what something is about, by the names that log lines have for them, such as `orderId`. */
export type About = Readonly<Record<string, string>>;

/** The same ids as attributes of a span, such as `orderflow.order_id`. */
export const attributesAbout = (about: About): Attributes =>
  Object.fromEntries(
    Object.entries(about).map(([name, id]) => [
      `orderflow.${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
      id,
    ]),
  );

const catalogue: ReadonlyMap<string, CatalogueEntry> = new Map(Object.entries(eventCatalogue));

/** What an event is about: its key, by the name that the catalogue has for it; nothing for a type that is in none. */
export const aboutEvent = (type: string | undefined, key: string | null): About => {
  const known = catalogue.get(type ?? '');
  return known === undefined || key === null ? {} : { [known.keyField]: key };
};

/** What is known of a record wherever it is told of. */
interface RecordOfEvent {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp: Date;
}

export interface TracedDelivery {
  readonly traceparent: string;
  /** An attempt has failed and another one follows. */
  readonly again: (attempt: number, error: unknown) => void;
  readonly end: (outcome: { readonly kind: string; readonly reason?: string }) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * When an event was appended to its outbox, which its transaction does last before it commits: the time in its id. For an
 * id of another make, when it occurred; that is earlier by all the transaction had to wait for. Never after `latest`.
 */
const appendedAt = ({ headers, timestamp }: RecordOfEvent, latest: Date): Date => {
  const { id = '', occurredAt = '' } = headers;
  const time = timeOfUuid(id) ?? new Date(occurredAt);
  return time < latest ? time : timestamp;
};

const attributesOf = (record: RecordOfEvent, consumer: string): Attributes => ({
  'messaging.system': 'kafka',
  'messaging.operation.type': 'process',
  'messaging.destination.name': record.topic,
  'messaging.destination.partition.id': String(record.partition),
  'messaging.kafka.offset': String(record.offset),
  'messaging.consumer.group.name': consumer,
  'orderflow.event.type': typeOf(record),
  ...attributesAbout(aboutEvent(record.headers['eventType'], record.key)),
  ...(record.headers['id'] === undefined ? {} : { 'messaging.message.id': record.headers['id'] }),
  ...(record.key === null ? {} : { 'messaging.kafka.message.key': record.key }),
});

/** The type is of the catalogue or of whoever writes into our topics. */
const typeOf = ({ headers }: RecordOfEvent): string => named(headers['eventType']) ?? 'unknown';

/**
 * One delivery of a record, whatever the attempts it takes. Two spans: from the outbox to its arrival (commit, WAL, Connect,
 * Kafka), and its handling, which is the child of the first, so that one trace leads from the request to the last effect.
 * Should the event turn out to have been handled before, both are taken back: a second delivery is no part of that story and
 * gets a trace of its own that is linked to it.
 */
export const beginDelivery = (record: RecordOfEvent, consumer: string): TracedDelivery => {
  const receivedAt = new Date();
  const { traceparent: parent } = record.headers;
  const type = typeOf(record);
  const startTime = appendedAt(record, receivedAt);
  const attributes = attributesOf(record, consumer);
  const cdc = beginSpan(`cdc ${type}`, { parent, startTime, attributes });
  cdc.span.addEvent('published', {}, record.timestamp);
  const begin = { kind: SpanKind.CONSUMER, startTime: receivedAt, attributes };
  const process = beginSpan(`process ${type}`, { ...begin, parent: cdc.traceparent });
  return {
    traceparent: process.traceparent,
    again: (attempt, error) => {
      process.span.addEvent('attempt failed', { attempt, 'error.type': errorTypeOf(error) });
    },
    end: ({ kind, reason }) => {
      const outcome = {
        'orderflow.outcome': kind,
        ...(reason === undefined ? {} : { 'orderflow.reason': reason }),
      };
      if (kind === 'duplicate') {
        beginSpan(`process ${type}`, { ...begin, links: [parent] })
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

/** The replay of a dead letter belongs to the trace of the person who asked for it; the event's own trace is linked. */
export const beginReplay = (
  record: RecordOfEvent,
  consumer: string,
  parent: string | undefined,
): TracedDelivery => {
  const { span, traceparent } = beginSpan(`replay ${typeOf(record)}`, {
    kind: SpanKind.CONSUMER,
    parent,
    links: [record.headers['traceparent']],
    attributes: attributesOf(record, consumer),
  });
  return {
    traceparent,
    again: () => undefined,
    end: ({ kind }) => {
      span.setAttribute('orderflow.outcome', kind).end();
    },
    fail: (error) => endFailed(span, error),
  };
};
