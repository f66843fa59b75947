// Under load, each service is scaled from one instance to three and back to one. Each step rebalances the partitions while events are
// handled, so two instances may handle the same event at once. The event must take effect once.
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { serviceNames } from '../../scripts/stack/topology.ts';
import { stopInstance, killInstancesAfterEach, startInstance, type Instance } from '../support/instances.ts';
import { expectInvariants, expectEventsInCommitOrder } from '../support/invariants.ts';
import { newProduct, orderOne, orderWith } from '../support/shop.ts';

killInstancesAfterEach();

describe('scaling each service', () => {
  it(
    'from one instance to three and back, under load, loses nothing, repeats no effect, and keeps the sequence of the events of an order',
    { timeout: 240_000 },
    async () => {
      const testProduct = await newProduct(10_000);
      const ids: string[] = [];
      const stopping = new AbortController();
      const load = (async () => {
        while (!stopping.signal.aborted) {
          ids.push((await orderOne(testProduct.id)).id);
          await delay(100);
        }
      })();

      const extra: Instance[] = [];
      for (const service of serviceNames) {
        extra.push(...(await Promise.all([startInstance(service), startInstance(service)])));
      }
      await delay(3_000);
      const codes = await Promise.all(extra.map((child) => stopInstance(child, 'SIGTERM')));
      expect(new Set(codes)).toEqual(new Set([0]));
      stopping.abort();
      await load;

      expect(ids.length).toBeGreaterThan(30);
      for (const id of ids) await orderWith(id, 'PAID', 90_000);
      await expectInvariants(ids);
      await expectEventsInCommitOrder(ids);
    },
  );
});
