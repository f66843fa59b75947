// The deadline sweep on a real database: each waiting order is cancelled once, even if several instances sweep at the same time.
import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { outbox } from '../../drizzle/messaging/schema.ts';
import { catalogue, orderEvents, orders } from '../../drizzle/order/schema.ts';
import { testContext, useTestShell } from '../support/database.ts';
import { handle, unclaimed } from '../../services/platform/transaction/handle.ts';
import { createLogger } from '../../services/platform/process/logger.ts';
import { enforceDeadline } from '../../services/order/jobs/enforce-deadline.ts';
import { orderHandler, placeOrderHandler } from '../../services/order/store.ts';

const logger = createLogger({ service: 'test', level: 'error' });
const neverAborted = new AbortController().signal;
const deadlineMs = 60_000;
const { shell } = useTestShell('order', ['order.created', 'order.cancelled']);

beforeAll(async () => {
  await shell.db
    .insert(catalogue)
    .values({ productId: 'p', sellerId: 's', name: 'n', priceMinor: 100, currency: 'EUR', version: 1 });
});

const placeOrder = async (ageMs: number): Promise<string> => {
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
  await handle(shell, placeOrderHandler, { id: randomUUID(), context: testContext, at, input }, unclaimed);
  return orderId;
};
const reasonOf = async (orderId: string) =>
  (await shell.db.select().from(orders).where(eq(orders.id, orderId)))[0]?.cancellationReason;

describe('the deadline sweep', () => {
  it('cancels each overdue order exactly once, even in several instances at once, and no other order', async () => {
    const late = await Promise.all(Array.from({ length: 30 }, () => placeOrder(deadlineMs + 1_000)));
    const recent = await placeOrder(deadlineMs - 30_000);
    const cancelledBefore = await placeOrder(deadlineMs + 1_000);
    const at = new Date();
    const cancel = { orderId: cancelledBefore, input: { type: 'cancel', customerId: 'c', at } } as const;
    await handle(
      shell,
      orderHandler,
      { id: randomUUID(), context: testContext, at, input: cancel },
      unclaimed,
    );

    const cancelledCounts = await Promise.all(
      [1, 2, 3].map(() => enforceDeadline(shell, logger, deadlineMs, neverAborted)),
    );

    expect(cancelledCounts.reduce((sum, count) => sum + count)).toBe(30);
    expect(new Set(await Promise.all(late.map(reasonOf)))).toEqual(new Set(['reservation_expired']));
    expect(await reasonOf(recent)).toBeNull();
    expect(await reasonOf(cancelledBefore)).toBe('customer_cancelled');
    const events = await shell.db.select().from(outbox).where(eq(outbox.eventType, 'order.cancelled'));
    expect(events.filter((event) => late.includes(event.aggregateId))).toHaveLength(30);
    const entries = await shell.db.select().from(orderEvents).where(eq(orderEvents.type, 'deadline'));
    expect(new Set(entries.map((entry) => entry.actor))).toEqual(new Set(['deadline-sweep']));
    expect(await enforceDeadline(shell, logger, deadlineMs, neverAborted)).toBe(0);
  });
});
