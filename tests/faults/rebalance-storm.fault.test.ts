// Members of all three consumer groups come and go, some in order and some by kill -9, faster than Kafka can hand their
// partitions on. Every event is read by some member in the end, often by two; it takes effect once, and in its order.
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { serviceNames } from '../../scripts/stack/topology.ts';
import { endInstance, endInstancesAfterEach, startInstance } from '../support/instances.ts';
import { expectInvariants, expectOrderKept } from '../support/invariants.ts';
import { placeUntilAccepted } from '../support/load.ts';
import { faultRounds, killHard, newProduct, orderWith, product } from '../support/shop.ts';

endInstancesAfterEach();

const rounds = faultRounds > 1 ? 8 : 1;

it(
  `instances of all services join and leave ${rounds} times under load: nothing is lost, doubled or out of order`,
  { timeout: 900_000 },
  async () => {
    const thing = await newProduct(100_000);
    const placed: Promise<string>[] = [];
    const enough = new AbortController();
    const load = (async () => {
      while (!enough.signal.aborted) {
        placed.push(placeUntilAccepted(thing.id));
        await delay(200);
      }
    })();

    for (let round = 0; round < rounds; round += 1) {
      const joined = await Promise.all(serviceNames.map((service) => startInstance(service)));
      // Another one is killed in each round; the others finish what they are at.
      const leaving = joined.map(async (child, index) => {
        const isKilled = index === round % joined.length;
        const code = await endInstance(child, isKilled ? 'SIGKILL' : 'SIGTERM');
        expect(code).toBe(isKilled ? null : 0);
      });
      // And one of those that were there before, so that for a moment a group may have nobody.
      await Promise.all([...leaving, killHard(serviceNames[round % serviceNames.length] ?? 'order')]);
    }
    enough.abort();
    await load;

    const ids = await Promise.all(placed);
    for (const id of ids) await orderWith(id, 'PAID', 120_000);
    await expectInvariants(ids);
    await expectOrderKept(ids);
    expect((await product(thing.id)).reserved).toBe(ids.length);
  },
);
