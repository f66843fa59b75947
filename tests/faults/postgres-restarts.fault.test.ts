// Restarts of PostgreSQL in two shutdown modes: fast (sessions are ended and data is flushed) and immediate (as in a crash, with
// recovery at the next start).
import { beforeAll, describe, it } from 'vitest';
import { underLoad } from '../support/load.ts';
import { restartBySignal, tokenOf, useProduct } from '../support/shop.ts';

const testProduct = useProduct(100_000);
beforeAll(() => Promise.all([tokenOf('user'), tokenOf('admin')]));

describe.each(['order-db', 'inventory-db', 'payment-db'])('a restart of %s', (name) => {
  it.each([
    ['fast', 'SIGINT'],
    ['immediate', 'SIGQUIT'],
  ] as const)('in the shutdown mode %s loses nothing', { timeout: 300_000 }, async (_way, signal) => {
    await underLoad({ productId: testProduct.id, orders: 18, pauseMs: 100 }, () =>
      restartBySignal(name, signal),
    );
  });
});
