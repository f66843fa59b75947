// npm run journey against the running stack: its output for one order, and for an unknown id.
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runCommand, type CommandResult } from '../support/commands.ts';
import { call, eventually, newProduct, orderOne, orderWith, stack, type OrderView } from '../support/shop.ts';

const journey = (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> => runCommand('journey', args, { ORDERFLOW_DATA: stack.dataDir, ...env });

const journeyShape = z.object({
  orders: z.array(z.object({ id: z.string(), status: z.string() })),
  correlationIds: z.array(z.string()),
  events: z.array(
    z.object({
      id: z.string(),
      eventType: z.string(),
      emittedBy: z.string(),
      committedAt: z.number(),
      publishedAt: z.number().optional(),
      consumptions: z.array(z.object({ consumer: z.string(), committedAt: z.number() })),
    }),
  ),
  logs: z.array(z.looseObject({ service: z.string(), message: z.string() })),
  spans: z.array(z.unknown()),
  notes: z.array(z.string()),
});

const correlationId = `journey-${randomUUID()}`;
let paidOrder: OrderView;

beforeAll(async () => {
  const testProduct = await newProduct(5);
  const headers = { 'x-correlation-id': correlationId };
  const { id } = await orderOne(testProduct.id, { headers });
  paidOrder = await orderWith(id, 'PAID');
});

describe('the journey of an order', () => {
  it('shows the events of the order with every hop, and the log lines that contain an id of the order or its events', async () => {
    const { orders, correlationIds, events, logs } = await eventually('the journey is complete', async () => {
      const { code, output } = await journey([paidOrder.id, '--json']);
      expect(code).toBe(0);
      const found = journeyShape.parse(JSON.parse(output));
      return (
        found.events.length === 4 && found.events.every((event) => event.consumptions.length === 2) && found
      );
    });
    expect(orders).toEqual([expect.objectContaining({ id: paidOrder.id, status: 'PAID' })]);
    expect(correlationIds).toEqual([correlationId]);
    expect(events.map(({ eventType, emittedBy }) => `${emittedBy}: ${eventType}`)).toEqual([
      'order: order.created',
      'inventory: inventory.reserved',
      'payment: payment.succeeded',
      'inventory: inventory.reserved',
    ]);
    for (const { committedAt, publishedAt = NaN, consumptions } of events) {
      expect(publishedAt).toBeGreaterThanOrEqual(Math.floor(committedAt));
      for (const consumption of consumptions) expect(consumption.committedAt).toBeGreaterThan(committedAt);
    }
    const [created] = events;
    const ids = {
      correlationId,
      orderId: paidOrder.id,
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    };
    expect(logs).toContainEqual(
      expect.objectContaining({ ...ids, service: 'order', message: 'request', method: 'POST', status: 201 }),
    );
    for (const service of ['inventory', 'payment'])
      expect(logs).toContainEqual(
        expect.objectContaining({ ...ids, service, message: 'order.created accepted', eventId: created?.id }),
      );
    expect(logs).toContainEqual(
      expect.objectContaining({ ...ids, service: 'payment', message: 'charge succeeded' }),
    );
  });

  it('is found by its correlation id and printed as a table and a timeline', async () => {
    const { code, output } = await journey([correlationId]);
    expect(code).toBe(0);
    expect(output).toContain(`order ${paidOrder.id}: PAID, placed `);
    expect(output).toMatch(/order\.created +order +\d+ ms +\+\d+ ms +\+\d+ ms +(inventory|payment)/);
    expect(output).toMatch(/\d+ ms +order +info +request +method=POST route=\/api\/v1\/orders status=201/);
    expect(output).toContain('no spans: set JAEGER_URL');
  });
});

describe('an order id that is shortened as in the pages', () => {
  it.each(['…', '...'])('is found with %s', async (dots) => {
    const short = `${paidOrder.id.slice(0, 8)}${dots}${paidOrder.id.slice(-4)}`;
    const { status, body } = await call('auditor', `/api/v1/stories/${encodeURIComponent(short)}`, {
      as: 'admin',
    });
    expect([status, body]).toMatchObject([200, { orders: [{ id: paidOrder.id }] }]);
  });

  it('is not found if its last characters differ', async () => {
    const other = paidOrder.id.endsWith('0000') ? '1111' : '0000';
    const { status } = await call('auditor', `/api/v1/stories/${paidOrder.id.slice(0, 8)}...${other}`, {
      as: 'admin',
    });
    expect(status).toBe(404);
  });
});

describe('npm run journey', () => {
  it('prints one sentence for an unknown id, and exits with 1', async () => {
    const id = randomUUID();
    expect(await journey([id])).toEqual({
      code: 1,
      output: `there is no order or correlation id ${id}\n`,
    });
  });

  it.each([[[]], [['one', 'two']], [['--nonsense']], [["' or 1=1"]], [['x'.repeat(129)]]])(
    'prints the usage for the wrong arguments %j, and exits with 2',
    async (args) => {
      const { code, output } = await journey(args);
      expect(code).toBe(2);
      expect(output).toContain('usage: npm run journey -- [options] <id>');
      expect(output).not.toMatch(/^ +at /m);
    },
  );

  it('prints one sentence when the stack does not respond, and exits with 2', async () => {
    const { code, output } = await journey([paidOrder.id], { ORDER_DB_PORT: '1' });
    expect(code).toBe(2);
    expect(output).toMatch(/^the databases cannot be read \(.*ECONNREFUSED.*\); is the stack running\?\n$/);
  });

  it('prints everything except the spans when Jaeger does not respond, and names a missing log file', async () => {
    const withoutJaeger = await journey([paidOrder.id], { JAEGER_URL: `http://127.0.0.1:${stack.otlpPort}` });
    expect(withoutJaeger.code).toBe(0);
    expect(withoutJaeger.output).toMatch(
      /no spans of Jaeger: Jaeger at \S+ cannot be queried \(.*ECONNREFUSED/,
    );
    expect(await journey([paidOrder.id, '--logs', '/nowhere'])).toEqual({
      code: 2,
      output: 'there is no file /nowhere\n',
    });
  });
});
