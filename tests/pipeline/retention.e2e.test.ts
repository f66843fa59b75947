// Retention of the outbox with a real connector: deletes do not reach Kafka, and rows that the connector has not read yet are
// delivered even if they are deleted. The tests change and restore rows as the superuser, because a service has no right to do
// this.
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { services } from '../../scripts/stack/topology.ts';
import { header, readTopic } from '../support/kafka-log.ts';
import {
  eventually,
  newProduct,
  orderOne,
  orderWith,
  query,
  stack,
  type ProductView,
} from '../support/shop.ts';

const { connector, database } = services.order;
const connectorUrl = `${stack.urls.connect}/connectors/${connector}`;
const toRestore: postgres.Row[] = [];
let admin: postgres.Sql;
let asService: postgres.Sql;
let testProduct: ProductView;

beforeAll(async () => {
  admin = postgres(stack.databases.order.admin, { max: 1, onnotice: () => undefined });
  asService = postgres(stack.databases.order.service, { max: 1, onnotice: () => undefined });
  testProduct = await newProduct(100);
});
afterAll(async () => {
  await fetch(`${connectorUrl}/resume`, { method: 'PUT' });
  // Later tests expect every published event in the outbox. The restored rows are published again, and the inboxes ignore the
  // duplicates.
  for (const row of toRestore) await admin`insert into outbox ${admin(row)} on conflict do nothing`;
  await Promise.all([admin.end(), asService.end()]);
});

const placeOrder = (): Promise<{ id: string }> => orderOne(testProduct.id);
const rowsOf = (id: string): Promise<postgres.Row[]> =>
  query('order', (sql) => sql`select * from outbox where aggregate_id = ${id}`);
const publishedOf = async (id: string): Promise<(string | undefined)[]> =>
  (await readTopic('order-events'))
    .filter((record) => record.key?.toString('utf8') === id)
    .map((record) => header(record, 'id'));

const makeOld = async (id: string): Promise<void> => {
  toRestore.push(...(await rowsOf(id)));
  await admin`update outbox set occurred_at = now() - interval '3 days' where aggregate_id = ${id}`;
};

/** Deletes rows that are older than two days, as the retention job does, with the database role of the service. */
const runRetention = async (): Promise<{ deleted: number; refused: string | null }> => {
  // A slot can advance only after PostgreSQL has logged the running transactions, which it does every 15 s. This statement logs
  // them at once.
  await admin`select pg_log_standby_snapshot()`;
  const [row] = await asService<{ deleted: number; refused: string | null }[]>`
    select * from delete_published_outbox_rows(${database.slot}, now() - interval '2 days', 500)`;
  return row ?? { deleted: -1, refused: null };
};
const waitUntilDeleted = (id: string): Promise<true> =>
  eventually(`the outbox row of ${id} is deleted`, async () => {
    await runRetention();
    return (await rowsOf(id)).length === 0;
  });

describe('the retention of the outbox', () => {
  it('deletes delivered rows without publishing the deletes', async () => {
    const { id } = await placeOrder();
    await orderWith(id, 'PAID');
    const publishedBefore = await publishedOf(id);
    await makeOld(id);
    await waitUntilDeleted(id);
    const later = await placeOrder();
    await orderWith(later.id, 'PAID');
    expect(publishedBefore.length).toBe(1);
    expect(await publishedOf(id)).toEqual(publishedBefore);
    expect((await readTopic('order-events')).filter(({ value }) => value === null)).toEqual([]);
  });

  it('keeps rows that a stopped connector has not read; the rows are delivered afterwards', async () => {
    await fetch(`${connectorUrl}/stop`, { method: 'PUT' });
    await eventually('no connector reads the slot', async () => {
      const [slot] = await admin`select active from pg_replication_slots where slot_name = ${database.slot}`;
      return slot?.['active'] === false;
    });
    const [waiting, deletedManually] = [await placeOrder(), await placeOrder()];
    await makeOld(waiting.id);
    for (let turn = 0; turn < 5; turn += 1) {
      expect(await runRetention()).toEqual({ deleted: 0, refused: null });
      await delay(100);
    }

    // Even a row that is deleted manually is delivered, because the connector reads the row from the WAL.
    toRestore.push(...(await rowsOf(deletedManually.id)));
    await admin`delete from outbox where aggregate_id = ${deletedManually.id}`;

    // Another database of the server writes 70 MB of WAL. The slot falls so far behind that the retention refuses to run.
    const otherDatabaseUrl = new URL(stack.databases.order.admin);
    otherDatabaseUrl.pathname = '/postgres';
    const other = postgres(otherDatabaseUrl.href, { max: 1, onnotice: () => undefined });
    await other`select count(pg_logical_emit_message(false, 'x', repeat('x', 1000000))) from generate_series(1, 70)`;
    await other.end();
    const { deleted, refused } = await runRetention();
    expect([deleted, refused]).toEqual([0, expect.stringMatching(/ is \d+ MiB behind$/)]);

    await fetch(`${connectorUrl}/resume`, { method: 'PUT' });
    await orderWith(waiting.id, 'PAID', 60_000);
    await orderWith(deletedManually.id, 'PAID', 60_000);
    await waitUntilDeleted(waiting.id);
  }, 150_000);

  it('cannot be run with the database role of Debezium', async () => {
    const cdc = postgres(stack.databases.order.cdc, { max: 1, onnotice: () => undefined });
    await expect(
      cdc`select * from delete_published_outbox_rows(${database.slot}, now() - interval '2 days', 1)`,
    ).rejects.toMatchObject({ code: '42501' });
    await cdc.end();
  });
});
