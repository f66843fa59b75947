// Each order has one trace, from the request through outbox, WAL and Kafka to the last effect. A collector receives the spans of all
// processes. A collector that does not respond has no effect on the services.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { TraceSpan } from '../../scripts/journey/spans.ts';
import { serviceNames } from '../../scripts/stack/topology.ts';
import { runCommand } from '../support/commands.ts';
import { stopInstance, killInstancesAfterEach, startInstance } from '../support/instances.ts';
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
import { newTracedClient, startCollector, type Collector, type TracedClient } from '../support/spans.ts';

interface Traced {
  readonly client: TracedClient;
  readonly order: OrderView;
  readonly spans: readonly TraceSpan[];
}

/**
 * The trace as indented lines, with siblings sorted by name. Subtrees whose root is named in `separateRoots` are printed separately,
 * because their parent varies. The later of two events requests the charge; the earlier of two events releases the stock.
 */
const shape = (spans: readonly TraceSpan[], separateRoots: readonly string[]): string[] => {
  const lines = (span: TraceSpan, depth: number): string[] => [
    `${'  '.repeat(depth)}${span.service}: ${span.name}`,
    ...spans
      .filter((child) => child.parentId === span.spanId && !separateRoots.includes(child.name))
      .map((child) => lines(child, depth + 1))
      .toSorted((a, b) => a.join('\n').localeCompare(b.join('\n')))
      .flat(),
  ];
  const known = new Set(spans.map(({ spanId }) => spanId));
  const isRoot = (span: TraceSpan) => !known.has(span.parentId ?? '');
  return [
    ...spans.filter(isRoot).flatMap((root) => lines(root, 0)),
    ...separateRoots.flatMap((name) =>
      spans.filter((span) => span.name === name).flatMap((span) => lines(span, 0)),
    ),
  ];
};

const named = (spans: readonly TraceSpan[], name: string, service?: string): TraceSpan[] =>
  spans.filter((span) => span.name === name && (service === undefined || span.service === service));
const parentOf = (spans: readonly TraceSpan[], span: TraceSpan): TraceSpan | undefined =>
  spans.find(({ spanId }) => spanId === span.parentId);

let collector: Collector;
let testProduct: ProductView;
let paid: Traced;
let declined: Traced;
let repeated: Traced;
let repair: TracedClient & { readonly spans: readonly TraceSpan[] };

const placeTraced = async (token: string): Promise<Omit<Traced, 'spans'>> => {
  const client = newTracedClient();
  const items = [{ productId: testProduct.id, quantity: 1 }];
  return { client, order: await place({ items, token, headers: client.headers }) };
};

beforeAll(async () => {
  [collector, testProduct] = await Promise.all([startCollector(), newProduct(100)]);
  const [first, second] = await Promise.all([placeTraced('tok_success'), placeTraced('tok_declined')]);
  await Promise.all([orderWith(first.order.id, 'PAID'), orderWith(second.order.id, 'CANCELLED')]);
  await arm('inventory', { point: 'before-handling', action: 'repeat', actor: 'event:order.created' });
  const third = await placeTraced('tok_success');
  const repairClient = newTracedClient();
  const path = `/api/v1/reservations/${first.order.id}/repair`;
  const body = { reason: 'to see its trace' };
  const { status } = await call('inventory', path, { as: 'admin', body, headers: repairClient.headers });
  expect(status).toBe(200);
  await orderWith(third.order.id, 'PAID');
  const complete = async (traced: Omit<Traced, 'spans'>, spans: number): Promise<Traced> => ({
    ...traced,
    spans: await collector.trace(traced.client.traceId, spans),
  });
  paid = await complete(first, 34);
  declined = await complete(second, 41);
  repeated = await complete(third, 34);
  repair = { ...repairClient, spans: await collector.trace(repairClient.traceId, 9) };
});
afterAll(async () => {
  await Promise.all(serviceNames.map(disarm));
  await collector.close();
});

describe('an order', () => {
  const beforeTheOutcome = [
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
  ];

  it('that is PAID is one trace, up to the pinned reservation', () => {
    expect(shape(paid.spans, ['call gateway: charge'])).toEqual([
      ...beforeTheOutcome,
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

  it('that is CANCELLED is one trace, up to the released stock', () => {
    expect(shape(declined.spans, ['call gateway: charge', 'outbox inventory.released'])).toEqual([
      ...beforeTheOutcome,
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

  it('has one root span, whose parent is the span of the client', () => {
    for (const { spans, client } of [paid, declined]) {
      const [root, ...others] = spans.filter((span) => !parentOf(spans, span));
      expect(others).toEqual([]);
      expect(root).toMatchObject({ parentId: client.spanId, service: 'order' });
    }
  });
});

describe('the transport of an event', () => {
  it('is a span from the outbox to the consumer, and contains the times of commit and publication', async () => {
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
      const transports = spans.filter(({ name }) => name.startsWith('cdc '));
      expect(transports.length).toBeGreaterThan(5);
      for (const transport of transports) {
        const outbox = parentOf(spans, transport);
        expect(outbox?.name).toBe(transport.name.replace('cdc ', 'outbox '));
        expect(outbox?.service).not.toBe(transport.service);
        expect(transport.attributes['messaging.message.id']).toBe(outbox?.attributes['messaging.message.id']);
        const commit = committedAt.get(transport.attributes['messaging.message.id']) ?? NaN;
        const published = transport.events.find(({ name }) => name === 'published')?.at ?? NaN;
        expect(transport.start).toBeLessThanOrEqual(commit);
        // Kafka stores the time of publication in whole milliseconds.
        expect(published).toBeGreaterThanOrEqual(Math.floor(commit));
        expect(transport.end).toBeGreaterThanOrEqual(published);
        const [handling] = spans.filter(({ parentId }) => parentId === transport.spanId);
        expect(handling?.name).toBe(transport.name.replace('cdc ', 'process '));
        expect(handling?.start).toBeCloseTo(transport.end, 0);
      }
    }
  });

  it('has event, order, topic and consumer as attributes', () => {
    const [transport] = named(paid.spans, 'cdc payment.succeeded', 'inventory');
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
    expect(transport?.attributes).toMatchObject(attributes);
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
  it('is a child span of the transaction that requested the call, and the parent span of the HTTP request', () => {
    for (const [{ spans, order }, outcome] of [
      [paid, 'succeeded'],
      [declined, 'declined'],
    ] as const) {
      const [gatewayCall] = named(spans, 'call gateway: charge');
      expect(gatewayCall).toMatchObject({
        service: 'payment',
        attributes: { 'orderflow.order_id': order.id, 'orderflow.outcome': outcome },
      });
      const requestedBy = gatewayCall && parentOf(spans, gatewayCall);
      expect(requestedBy).toMatchObject({ service: 'payment', name: 'transaction' });
      const [call] = named(spans, 'POST /v1/charges', 'payment');
      expect(call?.parentId).toBe(gatewayCall?.spanId);
      expect(call?.attributes['http.response.status_code']).toBe(outcome === 'succeeded' ? '201' : '402');
      const [served] = named(spans, 'POST /v1/charges', 'gateway');
      expect(served?.parentId).toBe(call?.spanId);
    }
  });
});

describe('a repetition', () => {
  it('after a redelivery is a separate trace, linked to the event', () => {
    const { spans, order } = repeated;
    const [event] = named(spans, 'outbox order.created');
    const repetitions = collector
      .spans()
      .filter(({ links }) => links.some(({ spanId }) => spanId === event?.spanId));
    expect(repetitions).toMatchObject([
      {
        service: 'inventory',
        name: 'process order.created',
        parentId: undefined,
        links: [{ traceId: event?.traceId }],
        attributes: { 'orderflow.outcome': 'duplicate', 'orderflow.order_id': order.id },
      },
    ]);
    expect(repetitions[0]?.traceId).not.toBe(event?.traceId);
    expect(named(spans, 'process order.created', 'inventory')).toHaveLength(1);
  });

  it('through a repair is part of the trace of the repair, linked to the first event', () => {
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

it('npm run journey prints the traces of an order, including linked traces', async () => {
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

it('no personal data and no card data is exported', async () => {
  const received = collector.exported();
  expect(received).toContain(paid.order.id);
  const { customerId } = paid.order;
  const tokens = await Promise.all((['user', 'admin'] as const).map(tokenOf));
  for (const secret of [
    'tok_',
    'orderflow.io',
    customerId,
    testProduct.name,
    testProduct.sku,
    'to see its trace',
    ...tokens,
  ])
    expect(received).not.toContain(secret);
});

describe('a collector that accepts connections and never responds', () => {
  killInstancesAfterEach();

  it(
    'does not delay requests, and does not prevent a service from stopping',
    { timeout: 90_000 },
    async () => {
      const sockets: Socket[] = [];
      const collector = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
      await once(collector, 'listening');
      onTestFinished(() => {
        for (const socket of sockets) socket.destroy();
        collector.close();
      });
      const { port } = collector.address() as AddressInfo;
      const instance = await startInstance('order', {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
        OTEL_TRACES_SAMPLER: 'always_on',
      });
      const read = async (): Promise<number> => {
        const startedAt = performance.now();
        const { status } = await fetch(`${instance.url}/api/v1/orders?limit=1`, {
          headers: { authorization: `Bearer ${await tokenOf('user')}` },
        });
        expect(status).toBe(200);
        return performance.now() - startedAt;
      };
      const durationsMs: number[] = [];
      await eventually('the exporter has given up once', async () => {
        durationsMs.push(await read());
        return instance.log().includes('spans could not be exported');
      });
      expect(sockets.length).toBeGreaterThan(0);
      // No request has waited for an export: an export times out only after three seconds.
      expect(Math.max(...durationsMs)).toBeLessThan(3_000);
      expect(instance.log().match(/spans could not be exported/g)).toHaveLength(1);
      const stopping = performance.now();
      expect(await stopInstance(instance, 'SIGTERM')).toBe(0);
      expect(performance.now() - stopping).toBeLessThan(10_000);
    },
  );
});
