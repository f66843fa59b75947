// Kills each part that an order needs with SIGKILL, one at a time, under a small load and without intervention. Afterwards every
// accepted order is PAID, every committed event is on its topic, and every event took effect once. Each kill is repeated FAULT_ROUNDS
// times; `npm run test:faults` sets FAULT_ROUNDS to five. With EXACTLY_ONCE=enabled, no event may be on a topic twice, so that
// consumers without an inbox also see each event once. This command tests it:
// `EXACTLY_ONCE=enabled npm run test:faults -- kill-each-part`.
import { beforeAll, describe, expect, it } from 'vitest';
import { topics } from '../../scripts/stack/topology.ts';
import { stackVariables } from '../../scripts/stack/variables.ts';
import { header, readTopic } from '../support/kafka-log.ts';
import { underLoad } from '../support/load.ts';
import { faultRounds, killHard, product, tokenOf, useProduct } from '../support/shop.ts';

const orders = 24;
const isExactlyOnce = process.env[stackVariables.exactlyOnce.env] === 'enabled';

/** The ids of those events of the given orders that are on a topic more than once. */
const repeatedOnTopics = async (orderIds: readonly string[]): Promise<readonly string[]> => {
  const keys = new Set(orderIds);
  const records = (await Promise.all(topics.map(readTopic))).flat();
  const eventIds = records
    .filter(({ key }) => keys.has(String(key)))
    .flatMap((record) => header(record, 'id') ?? []);
  return eventIds.filter((id, index) => eventIds.indexOf(id) !== index);
};

describe('kill -9 of a part under load', () => {
  const testProduct = useProduct(100_000);
  // The access tokens are fetched before the first kill.
  beforeAll(() => Promise.all([tokenOf('user'), tokenOf('admin')]));

  const parts = [
    'connect',
    'order',
    'inventory',
    'payment',
    'gateway',
    'registry',
    'kafka',
    'order-db',
    'inventory-db',
    'payment-db',
  ];
  it.each(Array.from({ length: faultRounds }, () => parts).flat())(
    '(%s) loses nothing and repeats no effect',
    { timeout: 300_000 },
    async (part) => {
      const before = await product(testProduct.id);
      const ids = await underLoad({ productId: testProduct.id, orders, pauseMs: 150 }, () => killHard(part));
      const after = await product(testProduct.id);
      expect(after.reserved - before.reserved).toBe(ids.length);
      if (isExactlyOnce) expect(await repeatedOnTopics(ids)).toEqual([]);
    },
  );
});
