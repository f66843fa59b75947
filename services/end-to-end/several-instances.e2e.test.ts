// One instance of each service, then three, then one again, under load. Kafka moves the partitions at every step while
// events are being handled; two instances may hold the same event at the same moment, and only one may apply it.
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { serviceNames } from '../../scripts/stack/topology.ts';
import { drain, killInstances, startInstance, type Instance } from './instances.ts';
import { header, readTopic } from './kafka-log.ts';
import { expectInvariants } from './invariants.ts';
import { newProduct, orderWith, place, query } from './shop.ts';

afterEach(killInstances);

describe('several instances', () => {
  it(
    '1 → 3 → 1 under load: nothing is lost, nothing happens twice, order per order is kept',
    { timeout: 240_000 },
    async () => {
      const thing = await newProduct(10_000);
      const ids: string[] = [];
      const enough = new AbortController();
      const load = (async () => {
        while (!enough.signal.aborted) {
          ids.push((await place({ items: [{ productId: thing.id, quantity: 1 }] })).id);
          await delay(100);
        }
      })();

      const extra: Instance[] = [];
      for (const service of serviceNames) {
        extra.push(...(await Promise.all([startInstance(service), startInstance(service)])));
      }
      await delay(3_000);
      const codes = await Promise.all(extra.map(drain));
      expect(new Set(codes)).toEqual(new Set([0]));
      enough.abort();
      await load;

      expect(ids.length).toBeGreaterThan(30);
      for (const id of ids) await orderWith(id, 'PAID', 90_000);
      await expectInvariants(ids);

      // The order's own trail is gap-free, and its events on the topic are in the order in which they were committed.
      const versions = await query(
        'order',
        (sql) => sql`select order_id, array_agg(version order by sequence) as versions from order_events
        where order_id in ${sql(ids)} and outcome = 'accepted' group by order_id`,
      );
      for (const row of versions) expect(row['versions']).toEqual([1, 2, 3, 4]);
      const emitted = await query(
        'inventory',
        (sql) => sql`select id from outbox where aggregate_id in ${sql(ids)} order by id`,
      );
      const committed = emitted.map((row) => row['id']);
      const records = (await readTopic('inventory-events')).filter((record) =>
        ids.includes(String(record.key)),
      );
      for (const id of ids) {
        const published = records
          .filter((record) => String(record.key) === id)
          .map((record) => header(record, 'id'));
        expect(published).toEqual(committed.filter((event) => published.includes(String(event))));
      }
    },
  );
});
