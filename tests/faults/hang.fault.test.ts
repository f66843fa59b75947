// Parts that hang: their process exists and their connections stay open, but they send nothing. Each part hangs for several seconds.
// With FAULT_ROUNDS above 1, Kafka hangs for a minute, which is longer than the timeouts of the consumers.
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { serviceNames } from '../../scripts/stack/topology.ts';
import { underLoad } from '../support/load.ts';
import { call, faultRounds, orderOne, signalPart, tokenOf, useProduct } from '../support/shop.ts';

const testProduct = useProduct(100_000);
beforeAll(() => Promise.all([tokenOf('user'), tokenOf('admin')]));

/** Freezes a part for `ms`. The supervisor does not restart the part, because the process still exists. */
const freeze = async (name: string, ms: number): Promise<void> => {
  await signalPart(name, 'SIGSTOP');
  try {
    await delay(ms);
  } finally {
    await signalPart(name, 'SIGCONT');
  }
};

describe('a hang', () => {
  it(
    'of Kafka leaves the services ready to accept orders; afterwards the backlog drains without a loss',
    { timeout: 400_000 },
    async () => {
      const ms = faultRounds > 1 ? 60_000 : 8_000;
      await underLoad({ productId: testProduct.id, orders: 24, pauseMs: 150 }, async () => {
        const thawsAt = performance.now() + ms;
        const freezing = freeze('kafka', ms);
        await delay(1_000);
        const placed = await orderOne(testProduct.id);
        expect(placed.status).toBe('PENDING');
        // A service that is not ready gets no requests, although the outbox lets it accept orders without Kafka.
        const statuses = new Set<number>();
        while (performance.now() < thawsAt) {
          for (const service of serviceNames) statuses.add((await call(service, '/health/ready')).status);
          await delay(1_000);
        }
        expect([...statuses]).toEqual([200]);
        await freezing;
      });
    },
  );

  it('of Kafka Connect loses nothing: the WAL keeps the committed events', { timeout: 300_000 }, async () => {
    await underLoad({ productId: testProduct.id, orders: 24, pauseMs: 150 }, () => freeze('connect', 8_000));
  });

  it(
    'of the schema registry does not affect services with resolved schema ids',
    { timeout: 300_000 },
    async () => {
      await underLoad({ productId: testProduct.id, orders: 12, pauseMs: 100 }, async () => {
        const freezing = freeze('registry', 6_000);
        const placed = await orderOne(testProduct.id);
        expect(placed.status).toBe('PENDING');
        expect((await call('order', '/health/ready')).status).toBe(200);
        await freezing;
      });
    },
  );

  it(
    'of the payment gateway only delays orders: each order is PAID in the end and charged once',
    { timeout: 300_000 },
    async () => {
      await underLoad({ productId: testProduct.id, orders: 12, pauseMs: 100 }, () =>
        freeze('gateway', 10_000),
      );
    },
  );
});
