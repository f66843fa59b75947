// One order is one trace, from the request over the outbox, the WAL and Kafka to the last effect, as a collector gets to see
// it from three processes; and a collector that is ill harms nobody.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { TraceSpan } from '../../scripts/journey/spans.ts';
import { serviceNames } from '../../scripts/stack/topology.ts';
import { runCommand } from '../support/commands.ts';
import { endInstance, endInstancesAfterEach, startInstance } from '../support/instances.ts';
import {
  arm,
  call,
  disarm,
  eventually,
  newProduct,
  orderWith,
  place,
  query,
  stack,
  tokenOf,
  type OrderView,
  type ProductView,
} from '../support/shop.ts';
import { sampled, startCollector, type Collector, type Sampled } from '../support/spans.ts';

interface Traced {
  readonly client: Sampled;
  readonly order: OrderView;
  readonly spans: readonly TraceSpan[];
}

/**
 * The trace as indented lines, siblings by name. Subtrees that begin with one of `apart` stand by themselves: what they
 * hang on is whichever of two events came last.
 */
const shape = (spans: readonly TraceSpan[], apart: readonly string[]): string[] => {
  const lines = (span: TraceSpan, depth: number): string[] => [
    `${'  '.repeat(depth)}${span.service}: ${span.name}`,
    ...spans
      .filter((child) => child.parentId === span.spanId && !apart.includes(child.name))
      .map((child) => lines(child, depth + 1))
      .toSorted((one, other) => one.join('\n').localeCompare(other.join('\n')))
      .flat(),
  ];
  const known = new Set(spans.map(({ spanId }) => spanId));
  const isRoot = (span: TraceSpan) => !known.has(span.parentId ?? '');
  return [
    ...spans.filter(isRoot).flatMap((root) => lines(root, 0)),
    ...apart.flatMap((name) => spans.filter((span) => span.name === name).flatMap((span) => lines(span, 0))),
  ];
};

const named = (spans: readonly TraceSpan[], name: string, service?: string): TraceSpan[] =>
  spans.filter((span) => span.name === name && (service === undefined || span.service === service));
const parentOf = (spans: readonly TraceSpan[], span: TraceSpan): TraceSpan | undefined =>
  spans.find(({ spanId }) => spanId === span.parentId);

let collector: Collector;
let thing: ProductView;
let paid: Traced;
let declined: Traced;
let repeated: Traced;
let repair: Sampled & { readonly spans: readonly TraceSpan[] };

const placed = async (token: string): Promise<Omit<Traced, 'spans'>> => {
  const client = sampled();
  const items = [{ productId: thing.id, quantity: 1 }];
  return { client, order: await place({ items, token, headers: client.headers }) };
};

beforeAll(async () => {
  [collector, thing] = await Promise.all([startCollector(), newProduct(100)]);
  const [first, second] = await Promise.all([placed('tok_success'), placed('tok_declined')]);
  await Promise.all([orderWith(first.order.id, 'PAID'), orderWith(second.order.id, 'CANCELLED')]);
  await arm('inventory', { point: 'before-handling', action: 'repeat', actor: 'event:order.created' });
  const third = await placed('tok_success');
  const asked = sampled();
  const path = `/api/v1/reservations/${first.order.id}/repair`;
  const body = { reason: 'to see its trace' };
  const { status } = await call('inventory', path, { as: 'admin', body, headers: asked.headers });
  expect(status).toBe(200);
  await orderWith(third.order.id, 'PAID');
  const complete = async (traced: Omit<Traced, 'spans'>, spans: number): Promise<Traced> => ({
    ...traced,
    spans: await collector.trace(traced.client.traceId, spans),
  });
  paid = await complete(first, 34);
  declined = await complete(second, 41);
  repeated = await complete(third, 34);
  repair = { ...asked, spans: await collector.trace(asked.traceId, 9) };
});
afterAll(async () => {
  await Promise.all(serviceNames.map(disarm));
  await collector.close();
});

describe('an order', () => {
  it('that is PAID is one trace, from the request to the pinned reservation', () => {
    expect(shape(paid.spans, ['call gateway: charge'])).toEqual([
      'order: POST /api/v1/orders',
      '  order: transaction',
      '    order: outbox order.created',
      '      inventory: cdc order.created',
      '        inventory: process order.created',
      '          inventory: transaction',
      '            inventory: outbox inventory.reserved',
      '              order: cdc inventory.reserved',
      '                order: process inventory.reserved',
      '                  order: transaction',
      '              payment: cdc inventory.reserved',
      '                payment: process inventory.reserved',
      '                  payment: transaction',
      '      payment: cdc order.created',
      '        payment: process order.created',
      '          payment: transaction',
      'payment: call gateway: charge',
      '  payment: POST /v1/charges',
      '    gateway: POST /v1/charges',
      '  payment: transaction',
      '    payment: outbox payment.succeeded',
      '      inventory: cdc payment.succeeded',
      '        inventory: process payment.succeeded',
      '          inventory: transaction',
      '            inventory: outbox inventory.reserved',
      '              order: cdc inventory.reserved',
      '                order: process inventory.reserved',
      '                  order: transaction',
      '              payment: cdc inventory.reserved',
      '                payment: process inventory.reserved',
      '                  payment: transaction',
      '      order: cdc payment.succeeded',
      '        order: process payment.succeeded',
      '          order: transaction',
    ]);
  });

  it('that is undone is one trace as well, to the stock that is free again', () => {
    expect(shape(declined.spans, ['call gateway: charge', 'outbox inventory.released'])).toEqual([
      'order: POST /api/v1/orders',
      '  order: transaction',
      '    order: outbox order.created',
      '      inventory: cdc order.created',
      '        inventory: process order.created',
      '          inventory: transaction',
      '            inventory: outbox inventory.reserved',
      '              order: cdc inventory.reserved',
      '                order: process inventory.reserved',
      '                  order: transaction',
      '              payment: cdc inventory.reserved',
      '                payment: process inventory.reserved',
      '                  payment: transaction',
      '      payment: cdc order.created',
      '        payment: process order.created',
      '          payment: transaction',
      'payment: call gateway: charge',
      '  payment: POST /v1/charges',
      '    gateway: POST /v1/charges',
      '  payment: transaction',
      '    payment: outbox payment.failed',
      '      inventory: cdc payment.failed',
      '        inventory: process payment.failed',
      '          inventory: transaction',
      '      order: cdc payment.failed',
      '        order: process payment.failed',
      '          order: transaction',
      '            order: outbox order.cancelled',
      '              inventory: cdc order.cancelled',
      '                inventory: process order.cancelled',
      '                  inventory: transaction',
      '              payment: cdc order.cancelled',
      '                payment: process order.cancelled',
      '                  payment: transaction',
      'inventory: outbox inventory.released',
      '  order: cdc inventory.released',
      '    order: process inventory.released',
      '      order: transaction',
      '  payment: cdc inventory.released',
      '    payment: process inventory.released',
      '      payment: transaction',
    ]);
  });

  it('hangs below the span of the client', () => {
    for (const { spans, client } of [paid, declined]) {
      const [root, ...others] = spans.filter((span) => !parentOf(spans, span));
      expect(others).toEqual([]);
      expect(root).toMatchObject({ parentId: client.spanId, service: 'order' });
    }
  });
});

describe('the way of an event', () => {
  it('is a span from the outbox to the consumer, around the commit and the publication', async () => {
    for (const { spans, order } of [paid, declined]) {
      const committedAt = new Map<unknown, number>();
      for (const service of serviceNames) {
        const rows = await query(
          service,
          (sql) => sql`
            select id, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as at
            from outbox where aggregate_id = ${order.id}`,
        );
        for (const { id, at } of rows) committedAt.set(id, Number(at));
      }
      const ways = spans.filter(({ name }) => name.startsWith('cdc '));
      expect(ways.length).toBeGreaterThan(5);
      for (const way of ways) {
        const outbox = parentOf(spans, way);
        expect(outbox?.name).toBe(way.name.replace('cdc ', 'outbox '));
        expect(outbox?.service).not.toBe(way.service);
        expect(way.attributes['messaging.message.id']).toBe(outbox?.attributes['messaging.message.id']);
        const commit = committedAt.get(way.attributes['messaging.message.id']) ?? NaN;
        const published = way.events.find(({ name }) => name === 'published')?.at ?? NaN;
        expect(way.start).toBeLessThanOrEqual(commit);
        // Whole milliseconds: what the connector says of the publication.
        expect(published).toBeGreaterThanOrEqual(Math.floor(commit));
        expect(way.end).toBeGreaterThanOrEqual(published);
        const [handling] = spans.filter(({ parentId }) => parentId === way.spanId);
        expect(handling?.name).toBe(way.name.replace('cdc ', 'process '));
        expect(handling?.start).toBeCloseTo(way.end, 0);
      }
    }
  });

  it('says which event of which order it is, on which topic, for which consumer', () => {
    const [way] = named(paid.spans, 'cdc payment.succeeded', 'inventory');
    const [handling] = named(paid.spans, 'process payment.succeeded', 'inventory');
    const attributes = {
      'messaging.system': 'kafka',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'payment-events',
      'messaging.destination.partition.id': expect.stringMatching(/^\d+$/),
      'messaging.kafka.offset': expect.stringMatching(/^\d+$/),
      'messaging.kafka.message.key': paid.order.id,
      'messaging.consumer.group.name': 'inventory-service-group',
      'messaging.message.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'orderflow.event.type': 'payment.succeeded',
      'orderflow.order_id': paid.order.id,
    };
    expect(way?.attributes).toMatchObject(attributes);
    expect(handling?.attributes).toMatchObject({ ...attributes, 'orderflow.outcome': 'accepted' });
    expect(named(paid.spans, 'POST /api/v1/orders')[0]?.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/api/v1/orders',
      'http.response.status_code': '201',
      'orderflow.order_id': paid.order.id,
    });
  });
});

describe('the call of the gateway', () => {
  it('hangs on the transaction that decided to make it, and its answer is recorded below it', () => {
    for (const [{ spans, order }, outcome] of [
      [paid, 'succeeded'],
      [declined, 'declined'],
    ] as const) {
      const [asking] = named(spans, 'call gateway: charge');
      expect(asking).toMatchObject({
        service: 'payment',
        attributes: { 'orderflow.order_id': order.id, 'orderflow.outcome': outcome },
      });
      const decided = asking && parentOf(spans, asking);
      expect(decided).toMatchObject({ service: 'payment', name: 'transaction' });
      const [call] = named(spans, 'POST /v1/charges', 'payment');
      expect(call?.parentId).toBe(asking?.spanId);
      expect(call?.attributes['http.response.status_code']).toBe(outcome === 'succeeded' ? '201' : '402');
      const [served] = named(spans, 'POST /v1/charges', 'gateway');
      expect(served?.parentId).toBe(call?.spanId);
    }
  });
});

describe('what happens again', () => {
  it('a re-delivered event is a trace of its own, linked to the event', () => {
    const { spans, order } = repeated;
    const [event] = named(spans, 'outbox order.created');
    const again = collector
      .spans()
      .filter(({ links }) => links.some(({ spanId }) => spanId === event?.spanId));
    expect(again).toMatchObject([
      {
        service: 'inventory',
        name: 'process order.created',
        parentId: undefined,
        links: [{ traceId: event?.traceId }],
        attributes: { 'orderflow.outcome': 'duplicate', 'orderflow.order_id': order.id },
      },
    ]);
    expect(again[0]?.traceId).not.toBe(event?.traceId);
    expect(named(spans, 'process order.created', 'inventory')).toHaveLength(1);
  });

  it('an event that is said again belongs to who asked for it, and is linked to what was said at first', () => {
    const [first] = named(paid.spans, 'outbox inventory.reserved').toSorted((a, b) => a.start - b.start);
    expect(shape(repair.spans, [])).toEqual([
      'inventory: POST /api/v1/reservations/:orderId/repair',
      '  inventory: transaction',
      '    inventory: outbox inventory.reserved',
      '      order: cdc inventory.reserved',
      '        order: process inventory.reserved',
      '          order: transaction',
      '      payment: cdc inventory.reserved',
      '        payment: process inventory.reserved',
      '          payment: transaction',
    ]);
    expect(named(repair.spans, 'outbox inventory.reserved')).toMatchObject([
      { links: [{ traceId: paid.client.traceId, spanId: first?.spanId }] },
    ]);
  });
});

it('npm run journey tells the traces of an order, also those that are only linked to it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'orderflow-spans-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'spans.jsonl');
  writeFileSync(file, collector.exported());
  const { id } = repeated.order;
  const { code, output } = await runCommand('journey', [id, '--spans', file], {
    ORDERFLOW_DATA: stack.dataDir,
  });
  expect(code).toBe(0);
  expect(output).toContain(`trace ${repeated.client.traceId}: ${repeated.spans.length} spans in `);
  expect(output).toMatch(/inventory +process order\.created {2}\(duplicate, linked to /);
  expect(output).not.toContain(paid.client.traceId);
});

it('nothing of a person and nothing of a card is exported', async () => {
  const received = collector.exported();
  expect(received).toContain(paid.order.id);
  const { customerId } = paid.order;
  const tokens = await Promise.all((['user', 'admin'] as const).map(tokenOf));
  for (const secret of [
    'tok_',
    'orderflow.io',
    customerId,
    thing.name,
    thing.sku,
    'to see its trace',
    ...tokens,
  ])
    expect(received).not.toContain(secret);
});

describe('a collector that takes connections and never answers', () => {
  endInstancesAfterEach();

  it('slows nobody, and does not keep a service from stopping', { timeout: 90_000 }, async () => {
    const sockets: Socket[] = [];
    const ill = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(ill, 'listening');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      ill.close();
    });
    const { port } = ill.address() as AddressInfo;
    const instance = await startInstance('order', {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_TRACES_SAMPLER: 'always_on',
    });
    const read = async (): Promise<number> => {
      const began = performance.now();
      const { status } = await fetch(`${instance.url}/api/v1/orders?limit=1`, {
        headers: { authorization: `Bearer ${await tokenOf('user')}` },
      });
      expect(status).toBe(200);
      return performance.now() - began;
    };
    const took: number[] = [];
    await eventually('the exporter has given up once', async () => {
      took.push(await read());
      return instance.log().includes('spans could not be exported');
    });
    expect(sockets.length).toBeGreaterThan(0);
    // Not one request has waited for an export, which is given up after three seconds.
    expect(Math.max(...took)).toBeLessThan(3_000);
    expect(instance.log().match(/spans could not be exported/g)).toHaveLength(1);
    const stopping = performance.now();
    expect(await endInstance(instance, 'SIGTERM')).toBe(0);
    expect(performance.now() - stopping).toBeLessThan(10_000);
  });
});
