// Members of all three consumer groups join and leave, some by a regular shutdown and some by kill -9, faster than Kafka can reassign
// their partitions. So some events are delivered to two members. Each event must take effect once, and the events of a
// key must take effect in the sequence of their commits.
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { serviceNames } from '../../scripts/stack/topology.ts';
import { stopInstance, killInstancesAfterEach, startInstance } from '../support/instances.ts';
import { expectInvariants, expectEventsInCommitOrder } from '../support/invariants.ts';
import { placeUntilAccepted } from '../support/load.ts';
import { faultRounds, killHard, newProduct, orderWith, product } from '../support/shop.ts';

killInstancesAfterEach();

const rounds = faultRounds > 1 ? 8 : 1;

it(
  `instances of all services join and leave under load (rounds: ${rounds}): nothing is lost, duplicated or out of order`,
  { timeout: 900_000 },
  async () => {
    const testProduct = await newProduct(100_000);
    const placed: Promise<string>[] = [];
    const stopping = new AbortController();
    const load = (async () => {
      while (!stopping.signal.aborted) {
        placed.push(placeUntilAccepted(testProduct.id));
        await delay(200);
      }
    })();

    for (let round = 0; round < rounds; round += 1) {
      const instances = await Promise.all(serviceNames.map((service) => startInstance(service)));
      // Each round kills one of the three instances and stops the other two regularly.
      const leaving = instances.map(async (instance, index) => {
        const isKilled = index === round % instances.length;
        const code = await stopInstance(instance, isKilled ? 'SIGKILL' : 'SIGTERM');
        expect(code).toBe(isKilled ? null : 0);
      });
      // An instance of the stack is killed at the same time, so a consumer group can be without a member for a moment.
      await Promise.all([...leaving, killHard(serviceNames[round % serviceNames.length] ?? 'order')]);
    }
    stopping.abort();
    await load;

    const ids = await Promise.all(placed);
    for (const id of ids) await orderWith(id, 'PAID', 120_000);
    await expectInvariants(ids);
    await expectEventsInCommitOrder(ids);
    expect((await product(testProduct.id)).reserved).toBe(ids.length);
  },
);
