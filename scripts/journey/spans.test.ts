// The same trace in OTLP JSON and from Jaeger's API must give the same tree.
import { describe, expect, it } from 'vitest';
import { selectTraces } from './span-sources.ts';
import { formatTraces, spansFromJaeger, spansFromOtlp } from './spans.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const otherTraceId = '11111111111111111111111111111111';
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
const nano = (ms: number): string => `${String(1_700_000_000_000 + ms)}000000`;

const exported = (service: string, ...spans: readonly object[]) => ({
  resourceSpans: [
    { resource: { attributes: [text('service.name', service)] }, scopeSpans: [{ scope: {}, spans }] },
  ],
});
const request = {
  traceId,
  spanId: 'aaaaaaaaaaaaaaaa',
  parentSpanId: 'ffffffffffffffff',
  name: 'POST /api/v1/orders',
  kind: 2,
  startTimeUnixNano: nano(0),
  endTimeUnixNano: nano(12),
  attributes: [{ key: 'http.response.status_code', value: { intValue: 201 } }],
  status: { code: 0 },
};
const outbox = {
  traceId,
  spanId: 'bbbbbbbbbbbbbbbb',
  parentSpanId: 'aaaaaaaaaaaaaaaa',
  name: 'outbox order.created',
  startTimeUnixNano: nano(5),
  endTimeUnixNano: nano(10),
  attributes: [text('messaging.system', 'kafka'), text('orderflow.order_id', 'order-1')],
};
const cdc = {
  traceId,
  spanId: 'cccccccccccccccc',
  parentSpanId: 'bbbbbbbbbbbbbbbb',
  name: 'cdc order.created',
  startTimeUnixNano: nano(5),
  endTimeUnixNano: nano(30),
  events: [{ name: 'published', timeUnixNano: nano(21) }],
};
const redelivery = {
  traceId: otherTraceId,
  spanId: 'dddddddddddddddd',
  name: 'process order.created',
  startTimeUnixNano: nano(90),
  endTimeUnixNano: nano(91),
  attributes: [
    text('messaging.system', 'kafka'),
    text('orderflow.order_id', 'order-1'),
    text('orderflow.outcome', 'duplicate'),
  ],
  links: [{ traceId, spanId: 'bbbbbbbbbbbbbbbb' }],
  status: { code: 2 },
};

const tree = [
  `trace ${traceId}: 3 spans in 30.0 ms`,
  '     0.0 ms     12.0 ms   order       POST /api/v1/orders  (201)',
  '     5.0 ms      5.0 ms   order       └─ outbox order.created',
  '     5.0 ms     25.0 ms   inventory      └─ cdc order.created  (published after 16.0 ms)',
  `trace ${otherTraceId}: 1 spans in 1.0 ms`,
  '    90.0 ms      1.0 ms   inventory   process order.created  (duplicate, linked to 4bf92f35…/bbbbbbbbbbbbbbbb)  FAILED',
];

describe('a trace', () => {
  it('is a tree; a span without a known parent is its root', () => {
    const spans = [
      ...spansFromOtlp(exported('inventory', redelivery, cdc)),
      ...spansFromOtlp(exported('order', outbox, request)),
    ];
    expect(formatTraces(spans, 1_700_000_000_000)).toEqual(tree);
  });

  it('is the same tree when Jaeger returns it', () => {
    const microseconds = (ms: number): number => (1_700_000_000_000 + ms) * 1_000;
    const span = (
      id: string,
      processID: string,
      operationName: string,
      [start, took]: readonly [number, number],
      references: readonly (readonly [string, string, string])[],
      more: object,
    ) => ({
      spanID: id.repeat(16),
      operationName,
      processID,
      startTime: microseconds(start),
      duration: took * 1_000,
      references: references.map(([refType, traceID, spanID]) => ({ refType, traceID, spanID })),
      ...more,
    });
    const processes = { p1: { serviceName: 'order', tags: [] }, p2: { serviceName: 'inventory' } };
    const status = [{ key: 'http.response.status_code', type: 'int64', value: 201 }];
    const published = [
      { timestamp: microseconds(21), fields: [{ key: 'event', type: 'string', value: 'published' }] },
    ];
    const duplicate = [
      { key: 'orderflow.outcome', type: 'string', value: 'duplicate' },
      { key: 'error', type: 'bool', value: true },
    ];
    const parent = (id: string) => [['CHILD_OF', traceId, id.repeat(16)]] as const;
    const answer = {
      data: [
        {
          traceID: traceId,
          processes,
          spans: [
            span('a', 'p1', 'POST /api/v1/orders', [0, 12], parent('f'), { traceID: traceId, tags: status }),
            span('b', 'p1', 'outbox order.created', [5, 5], parent('a'), { traceID: traceId, logs: null }),
            span('c', 'p2', 'cdc order.created', [5, 25], parent('b'), { traceID: traceId, logs: published }),
          ],
        },
        {
          traceID: otherTraceId,
          processes,
          spans: [
            span('d', 'p2', 'process order.created', [90, 1], [['FOLLOWS_FROM', traceId, 'b'.repeat(16)]], {
              traceID: otherTraceId,
              tags: duplicate,
            }),
          ],
        },
      ],
      errors: null,
    };
    expect(formatTraces(spansFromJaeger(answer), 1_700_000_000_000)).toEqual(tree);
    expect(spansFromJaeger({ data: null })).toEqual([]);
  });

  it('is selected by its id or by an event of the order; a read request of the order does not select it', () => {
    const spans = spansFromOtlp(exported('order', request, outbox, redelivery, cdc, redelivery));
    const none = { traceIds: [], orderIds: [], since: 0 };
    expect(selectTraces(spans, none)).toEqual([]);
    expect(selectTraces(spans, { ...none, traceIds: [traceId] })).toHaveLength(3);
    expect(selectTraces(spans, { ...none, orderIds: ['order-1'] })).toHaveLength(4);
    const readRequest = {
      ...request,
      traceId: otherTraceId,
      attributes: [text('orderflow.order_id', 'order-1')],
    };
    expect(
      selectTraces(spansFromOtlp(exported('order', readRequest)), { ...none, orderIds: ['order-1'] }),
    ).toEqual([]);
  });
});
