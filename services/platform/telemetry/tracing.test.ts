// Checks the exported spans with an exporter in memory: parents, links, times and attributes.
import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { samplerOf } from './telemetry.ts';
import { parseTraceparent } from './trace-context.ts';
import { beginDelivery, beginReplay, beginSpan, errorTypeOf, inSpan } from './tracing.ts';

const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const unsampled = `${parent.slice(0, -2)}00`;
const given = parseTraceparent(parent);
const occurredAt = new Date(Date.now() - 5_000);
const publishedAt = new Date(Date.now() - 2_000);
const record = {
  topic: 'order-events',
  partition: 3,
  offset: 42n,
  key: 'order-1',
  headers: {
    id: 'event-1',
    eventType: 'order.created',
    occurredAt: occurredAt.toISOString(),
    traceparent: parent,
  },
  timestamp: publishedAt,
};

describe('without a tracer', () => {
  it('a message gets its own span id in the same trace, or a new trace when it has none', () => {
    const { traceparent, span } = beginSpan('thing', { parent });
    expect(span.isRecording()).toBe(false);
    expect(parseTraceparent(traceparent)).toMatchObject({ traceId: given?.traceId, sampled: true });
    expect(traceparent).not.toBe(parent);
    expect(parseTraceparent(beginSpan('thing').traceparent)).toBeDefined();
    expect(parseTraceparent(beginSpan('thing', { parent: 'nonsense' }).traceparent)).toBeDefined();
  });
});

describe('with a tracer', () => {
  const exporter = new InMemorySpanExporter();
  const ms = ([seconds, nanos]: readonly [number, number]): number => Math.round(seconds * 1e3 + nanos / 1e6);
  const spans = () =>
    exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parentId: span.parentSpanContext?.spanId,
      links: span.links.map(({ context }) => context.spanId),
      start: ms(span.startTime),
      end: ms(span.endTime),
      attributes: span.attributes,
      events: span.events.map(({ name, time }) => ({ name, at: ms(time) })),
      status: span.status.code,
    }));

  beforeAll(() => {
    const provider = new TracerProvider({
      sampler: samplerOf('parentbased_always_off', 1),
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    });
    trace.setGlobalTracerProvider(provider);
  });
  beforeEach(() => {
    exporter.reset();
  });

  it('a delivery is a span from the event to its arrival, with its handling as the child', () => {
    const before = Date.now();
    const delivery = beginDelivery(record, 'group');
    delivery.attemptFailed(1, new Error('not yet'));
    delivery.end({ kind: 'accepted' });
    const [cdc, process] = spans();
    expect(cdc).toMatchObject({
      name: 'cdc order.created',
      traceId: given?.traceId,
      parentId: given?.spanId,
      start: occurredAt.getTime(),
      events: [{ name: 'published', at: publishedAt.getTime() }],
    });
    expect(cdc?.end).toBeGreaterThanOrEqual(before);
    expect(process).toMatchObject({
      name: 'process order.created',
      parentId: cdc?.spanId,
      start: cdc?.end,
      attributes: {
        'messaging.system': 'kafka',
        'messaging.destination.name': 'order-events',
        'messaging.destination.partition.id': '3',
        'messaging.kafka.offset': '42',
        'messaging.message.id': 'event-1',
        'messaging.kafka.message.key': 'order-1',
        'orderflow.outcome': 'accepted',
      },
      events: [{ name: 'attempt failed' }],
    });
    expect(parseTraceparent(delivery.traceparent)).toMatchObject({ spanId: process?.spanId, sampled: true });
  });

  it('a delivery begins at the time in the event id, at which the event was appended to the outbox', () => {
    const appendedAt = occurredAt.getTime() + 1_000;
    const id = uuidv7({ msecs: appendedAt });
    const key = '01981234-1234-7234-8234-123456789abc';
    const headers = { ...record.headers, id };
    beginDelivery({ ...record, key, headers }, 'group').end({ kind: 'accepted' });
    expect(spans()[0]).toMatchObject({
      start: appendedAt,
      attributes: { 'messaging.message.id': id, 'orderflow.order_id': key },
    });
  });

  it('a delivery begins at publication when the clock of the writer is ahead', () => {
    const headers = { ...record.headers, id: uuidv7({ msecs: Date.now() + 60_000 }) };
    beginDelivery({ ...record, headers }, 'group').end({ kind: 'accepted' });
    expect(spans()[0]).toMatchObject({ start: publishedAt.getTime() });
  });

  it('a duplicate delivery has only a span in a separate trace, which is linked to the event', () => {
    beginDelivery(record, 'group').end({ kind: 'duplicate' });
    expect(spans()).toMatchObject([
      { name: 'process order.created', parentId: undefined, links: [given?.spanId] },
    ]);
    expect(spans()[0]?.traceId).not.toBe(given?.traceId);
  });

  it('a replay belongs to the trace of its request and is linked to the event', () => {
    const request = '00-11111111111111111111111111111111-2222222222222222-01';
    beginReplay(record, 'group', request).end({ kind: 'accepted' });
    expect(spans()).toMatchObject([
      { name: 'replay order.created', parentId: '2222222222222222', links: [given?.spanId] },
    ]);
  });

  it('an unsampled span is passed on as not sampled and is not exported', () => {
    const { traceparent } = beginSpan('root');
    expect(parseTraceparent(traceparent)?.sampled).toBe(false);
    const child = beginSpan('child', { parent: unsampled });
    expect(parseTraceparent(child.traceparent)).toMatchObject({ traceId: given?.traceId, sampled: false });
    child.span.end();
    beginDelivery({ ...record, headers: { ...record.headers, traceparent: unsampled } }, 'group').end({
      kind: 'duplicate',
    });
    expect(spans()).toEqual([]);
  });

  it('an error is recorded by its code or name, never by its message', async () => {
    const cause = Object.assign(new Error('params: tok_secret'), { code: '40001' });
    const failing = inSpan('work', { parent }, () => Promise.reject(new Error('Failed query', { cause })));
    await expect(failing).rejects.toThrow('Failed query');
    expect(spans()).toMatchObject([{ status: 2, attributes: { 'error.type': '40001' }, events: [] }]);
    expect(JSON.stringify(spans())).not.toContain('tok_');
    expect(errorTypeOf(Object.assign(new Error('x'), { name: 'tok_ what a client wrote' }))).toBe('_OTHER');
  });

  it('a span is discarded when no attributes are given for its result', async () => {
    await inSpan(
      'nothing',
      { parent },
      () => Promise.resolve(1),
      () => undefined,
    );
    expect(spans()).toEqual([]);
  });
});
