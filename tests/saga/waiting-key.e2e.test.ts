// An event that keeps failing for a transient cause holds back only the events of its key, not the rest of its partition.
import postgres from 'postgres';
import { expect, it } from 'vitest';
import { audit } from '../support/audit.ts';
import { readTopic } from '../support/kafka-log.ts';
import {
  act,
  eventually,
  inParallel,
  orderOne,
  orderWith,
  query,
  stack,
  useProduct,
} from '../support/shop.ts';

const testProduct = useProduct(1_000);

/** Holds the lock on the payment of an order during `work`; a handler that needs the lock fails after its lock timeout. */
const whilePaymentLocked = async (orderId: string, work: () => Promise<void>): Promise<void> => {
  const sql = postgres(stack.databases.payment.admin, { max: 1, onnotice: () => undefined });
  try {
    await sql.begin(async (tx) => {
      await tx`select from payments where order_id = ${orderId} for update`;
      await work();
    });
  } finally {
    await sql.end({ timeout: 5 });
  }
};

/** Those of `orderIds` whose events are in the same partition as the events of `orderId`. */
const samePartitionAs = async (orderId: string, orderIds: readonly string[]): Promise<string[]> => {
  const records = await readTopic('order-events');
  const partitions = new Map(records.map(({ key, partition }) => [key?.toString(), partition]));
  return orderIds.filter((id) => partitions.get(id) === partitions.get(orderId));
};

const isClosed = async (orderId: string): Promise<boolean> => {
  const rows = await query(
    'payment',
    (sql) => sql`select closed_by from payments where order_id = ${orderId}`,
  );
  return rows[0]?.['closed_by'] === 'order_cancelled';
};

it(
  'a locked payment does not hold back the other orders of its partition',
  { timeout: 120_000 },
  async () => {
    const { id: locked } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    await orderWith(locked, 'CONFIRMED');
    await whilePaymentLocked(locked, async () => {
      await act(locked, 'cancel', 'user');
      await orderWith(locked, 'CANCELLED');
      let others: string[];
      do {
        others = await inParallel(20, 2, async () => (await orderOne(testProduct.id)).id);
        for (const id of others) await orderWith(id, 'PAID');
      } while ((await samePartitionAs(locked, others)).length === 0);
      expect(await isClosed(locked)).toBe(false);
    });
    await expect.poll(() => isClosed(locked), { timeout: 30_000 }).toBe(true);
    const handledAt = Date.now();
    const report = await eventually('an audit has read its data after the event was handled', async () => {
      const latest = await audit();
      if (Date.parse(latest.checkedAt) < handledAt) throw new Error(latest.checkedAt);
      return latest;
    });
    expect(report.violations.filter(({ invariant }) => invariant === 'handled_in_sequence')).toEqual([]);
  },
);
