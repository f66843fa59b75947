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
let paid: OrderView;

beforeAll(async () => {
  const thing = await newProduct(5);
  const headers = { 'x-correlation-id': correlationId };
  const { id } = await orderOne(thing.id, { headers });
  paid = await orderWith(id, 'PAID');
});

describe('the journey of an order', () => {
  it('has its events with every hop, and the log lines of all parts with their ids', async () => {
    const { orders, correlationIds, events, logs } = await eventually('the journey is complete', async () => {
      const { code, output } = await journey([paid.id, '--json']);
      expect(code).toBe(0);
      const found = journeyShape.parse(JSON.parse(output));
      return (
        found.events.length === 4 && found.events.every((event) => event.consumptions.length === 2) && found
      );
    });
    expect(orders).toEqual([expect.objectContaining({ id: paid.id, status: 'PAID' })]);
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
      orderId: paid.id,
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

  it('is found by its correlation id, and printed as a table and a timeline', async () => {
    const { code, output } = await journey([correlationId]);
    expect(code).toBe(0);
    expect(output).toContain(`order ${paid.id}: PAID, placed `);
    expect(output).toMatch(/order\.created +order +\d+ ms +\+\d+ ms +\+\d+ ms +(inventory|payment)/);
    expect(output).toMatch(/\d+ ms +order +info +request +method=POST route=\/api\/v1\/orders status=201/);
    expect(output).toContain('no spans: set JAEGER_URL');
  });
});

describe('an order whose id is shortened, as the pages show it', () => {
  it.each(['…', '...'])('is found with %s', async (dots) => {
    const short = `${paid.id.slice(0, 8)}${dots}${paid.id.slice(-4)}`;
    const { status, body } = await call('auditor', `/api/v1/stories/${encodeURIComponent(short)}`, {
      as: 'admin',
    });
    expect([status, body]).toMatchObject([200, { orders: [{ id: paid.id }] }]);
  });

  it('is not found with another end', async () => {
    const other = paid.id.endsWith('0000') ? '1111' : '0000';
    const { status } = await call('auditor', `/api/v1/stories/${paid.id.slice(0, 8)}...${other}`, {
      as: 'admin',
    });
    expect(status).toBe(404);
  });
});

describe('npm run journey without a result', () => {
  it('for an unknown id: one sentence, exit code 1', async () => {
    const id = randomUUID();
    expect(await journey([id])).toEqual({
      code: 1,
      output: `there is no order or correlation id ${id}\n`,
    });
  });

  it.each([[[]], [['one', 'two']], [['--nonsense']], [["' or 1=1"]], [['x'.repeat(129)]]])(
    'with the wrong arguments %j: exit code 2 and the usage',
    async (args) => {
      const { code, output } = await journey(args);
      expect(code).toBe(2);
      expect(output).toContain('usage: npm run journey -- [options] <id>');
      expect(output).not.toMatch(/^ +at /m);
    },
  );

  it('on a stack that does not answer: one sentence, exit code 2', async () => {
    const { code, output } = await journey([paid.id], { ORDER_DB_PORT: '1' });
    expect(code).toBe(2);
    expect(output).toMatch(/^the databases cannot be read \(.*ECONNREFUSED.*\); is the stack running\?\n$/);
  });

  it('without Jaeger prints the rest; without the log file names the file', async () => {
    const withoutJaeger = await journey([paid.id], { JAEGER_URL: `http://127.0.0.1:${stack.otlpPort}` });
    expect(withoutJaeger.code).toBe(0);
    expect(withoutJaeger.output).toMatch(/no spans: Jaeger at \S+ cannot be queried \(.*ECONNREFUSED/);
    expect(await journey([paid.id, '--logs', '/nowhere'])).toEqual({
      code: 2,
      output: 'there is no file /nowhere\n',
    });
  });
});
