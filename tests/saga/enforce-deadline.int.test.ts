// The deadline sweep on real rows: every waiting order ends once, however many instances sweep at a time.
import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outbox } from '../../drizzle/messaging/schema.ts';
import { catalogue, orderEvents, orders } from '../../drizzle/order/schema.ts';
import { createTestDatabase, type TestDatabase } from '../stack/test-database.ts';
import { stack } from '../stack/worker-stack.ts';
import { connectDatabase, type Connection } from '../../services/platform/database/database.ts';
import { createEventCodec } from '../../services/platform/event-codec/event-codec.ts';
import { handle, unclaimed, type Shell } from '../../services/platform/transaction/handle.ts';
import { createLogger } from '../../services/platform/process/logger.ts';
import { createRegistryClient } from '../../services/platform/event-codec/schema-registry.ts';
import { enforceDeadline } from '../../services/order/jobs/enforce-deadline.ts';
import { orderHandler, placeOrderHandler } from '../../services/order/store.ts';

const { databases, urls } = stack;
const logger = createLogger({ service: 'test', level: 'error' });
const forever = new AbortController().signal;
const deadlineMs = 60_000;
let database: TestDatabase;
let connection: Connection;
let shell: Shell;

beforeAll(async () => {
  database = await createTestDatabase('order', databases.order.admin);
  connection = connectDatabase(database.url, 'test');
  const registry = createRegistryClient(urls.registry, logger);
  await registry.resolveIds(['order.created', 'order.cancelled'], forever);
  shell = { db: connection.db, codec: createEventCodec(registry.schemaId, registry.writerSchema) };
  await shell.db
    .insert(catalogue)
    .values({ productId: 'p', sellerId: 's', name: 'n', priceMinor: 100, currency: 'EUR', version: 1 });
});
afterAll(async () => {
  await connection.close();
  await database.drop();
});

const context = {
  correlationId: 'c',
  causationId: 'c',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  actor: 'tester',
};
const placed = async (ageMs: number): Promise<string> => {
  const orderId = randomUUID();
  const at = new Date(Date.now() - ageMs);
  const input = {
    type: 'place_order',
    orderId,
    customerId: 'c',
    items: [{ productId: 'p', quantity: 1 }],
    payment: { mode: 'AUTO', method: 'card', token: null },
    at,
  } as const;
  await handle(shell, placeOrderHandler, { id: randomUUID(), context, at, input }, unclaimed);
  return orderId;
};
const reasonOf = async (orderId: string) =>
  (await shell.db.select().from(orders).where(eq(orders.id, orderId)))[0]?.cancellationReason;

describe('the deadline sweep', () => {
  it('ends each order that waited too long once, with several instances at it, and no other', async () => {
    const late = await Promise.all(Array.from({ length: 30 }, () => placed(deadlineMs + 1_000)));
    const young = await placed(deadlineMs - 30_000);
    const cancelledBefore = await placed(deadlineMs + 1_000);
    const at = new Date();
    const cancel = { orderId: cancelledBefore, input: { type: 'cancel', customerId: 'c', at } } as const;
    await handle(shell, orderHandler, { id: randomUUID(), context, at, input: cancel }, unclaimed);

    const ended = await Promise.all([1, 2, 3].map(() => enforceDeadline(shell, logger, deadlineMs, forever)));

    expect(ended.reduce((sum, count) => sum + count)).toBe(30);
    expect(new Set(await Promise.all(late.map(reasonOf)))).toEqual(new Set(['reservation_expired']));
    expect(await reasonOf(young)).toBeNull();
    expect(await reasonOf(cancelledBefore)).toBe('customer_cancelled');
    const events = await shell.db.select().from(outbox).where(eq(outbox.eventType, 'order.cancelled'));
    expect(events.filter((event) => late.includes(event.aggregateId))).toHaveLength(30);
    const trail = await shell.db.select().from(orderEvents).where(eq(orderEvents.type, 'deadline'));
    expect(new Set(trail.map((entry) => entry.actor))).toEqual(new Set(['deadline-sweep']));
    expect(await enforceDeadline(shell, logger, deadlineMs, forever)).toBe(0);
  });
});
