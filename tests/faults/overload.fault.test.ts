// Overload: while the database hangs, the order service refuses requests instead of queueing them. A refused request must not take
// effect later, and an accepted request must not be lost.
import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { killInstancesAfterEach, startInstance } from '../support/instances.ts';
import {
  countOrdersOf,
  eventually,
  newProduct,
  orderWith,
  place as placeWithoutKey,
  stack,
  tokenOf,
  useProduct,
} from '../support/shop.ts';

const testProduct = useProduct(1_000);
beforeAll(() => tokenOf('user'));
killInstancesAfterEach();

/** Holds an exclusive lock on a table of the order database during `work`, so that requests hang. */
const whileLocked = async <T>(table: string, work: () => Promise<T>): Promise<T> => {
  const sql = postgres(stack.databases.order.admin, {
    max: 1,
    connect_timeout: 5,
    onnotice: () => undefined,
  });
  try {
    return await sql
      .begin(async (tx) => {
        await tx`lock table ${tx(table)} in access exclusive mode`;
        return { done: await work() };
      })
      .then(({ done }) => done);
  } finally {
    await sql.end({ timeout: 5 });
  }
};

const problemShape = z.object({ code: z.string() });
const readiness = z.object({ checks: z.object({ load: z.object({ status: z.string() }) }) });

interface Outcome {
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: string | null;
}

const place = async (url: string, productId: string, key: string): Promise<Outcome> => {
  const response = await fetch(`${url}/api/v1/orders`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await tokenOf('user')}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify({
      items: [{ productId, quantity: 1 }],
      payment: { mode: 'MANUAL', method: 'card' },
    }),
    signal: AbortSignal.timeout(30_000),
  });
  const code = response.ok ? undefined : problemShape.parse(await response.json()).code;
  return { status: response.status, code, retryAfter: response.headers.get('retry-after') };
};

const activeRequests = async (url: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^http_server_active_requests (\d+)$/m.exec(text)?.[1]);
};

const loadOf = async (url: string): Promise<string> =>
  readiness.parse(await (await fetch(`${url}/health/ready`)).json()).checks.load.status;

describe('while requests occupy every database connection', () => {
  it('the consumer of the same instance handles its events', { timeout: 120_000 }, async () => {
    const product = await newProduct(1_000);
    const { url } = await startInstance('order', {
      DATABASE_CONNECTIONS: '2',
      DATABASE_WAIT_MS: '60000',
      HTTP_REQUEST_TIMEOUT_MS: '60000',
    });
    let stopped = false;
    // 16 requests share 2 connections, and each holds its connection for 3 s (the lock timeout). So the last request waits 21 s,
    // which is longer than the Kafka session timeout (10 s).
    const client = async (): Promise<void> => {
      while (!stopped) await place(url, product.id, randomUUID());
    };
    const clients = await whileLocked('idempotency_keys', async () => {
      const running = Array.from({ length: 16 }, client);
      try {
        await eventually('all requests are active', async () => (await activeRequests(url)) === 16);
        // 20 orders, so that this instance and the order service of the stack each have events in their partitions. Requests without
        // a key do not need the locked table.
        const placed = Array.from({ length: 20 }, () =>
          placeWithoutKey({ items: [{ productId: product.id, quantity: 1 }] }),
        );
        const ids = (await Promise.all(placed)).map(({ id }) => id);
        await Promise.all(ids.map((id) => orderWith(id, 'PAID', 20_000)));
      } finally {
        stopped = true;
      }
      return running;
    });
    await Promise.all(clients);
  });
});

describe('while the database hangs', () => {
  it(
    'requests beyond the limit are refused at once, active requests time out, and later each key takes effect once',
    { timeout: 120_000 },
    async () => {
      const { url } = await startInstance('order', { HTTP_MAX_IN_FLIGHT: '8' });
      const keys = Array.from({ length: 9 }, () => randomUUID());
      const [ninth = '', ...eight] = keys;
      await whileLocked('orders', async () => {
        let ended = 0;
        const running = eight.map((key) =>
          place(url, testProduct.id, key).finally(() => {
            ended += 1;
          }),
        );
        await eventually('eight requests are active', async () => (await activeRequests(url)) === 8);
        expect(await place(url, testProduct.id, ninth)).toEqual({
          status: 503,
          code: 'overloaded',
          retryAfter: '1',
        });
        expect(await loadOf(url)).toBe('unavailable');
        expect((await fetch(`${url}/health/live`)).status).toBe(200);
        expect(ended).toBe(0);
        for (const outcome of await Promise.all(running))
          expect(outcome).toMatchObject({ status: 503, code: 'unavailable', retryAfter: '1' });
      });
      expect(await countOrdersOf(testProduct.id)).toBe(0);
      await eventually('the instance is ready again', async () => (await fetch(`${url}/health/ready`)).ok);
      for (const round of [1, 2]) {
        for (const key of keys)
          expect(await place(url, testProduct.id, key), `round ${round}`).toMatchObject({ status: 201 });
      }
      expect(await countOrdersOf(testProduct.id)).toBe(keys.length);
    },
  );

  it(
    'no request waits long for a connection, new requests are refused, and no refused request takes effect',
    { timeout: 120_000 },
    async () => {
      const product = await newProduct(1_000);
      const { url } = await startInstance('order', {
        DATABASE_CONNECTIONS: '4',
        DATABASE_WAIT_MS: '1000',
        HTTP_REQUEST_TIMEOUT_MS: '2000',
        ORDER_WAIT_SECONDS: '1',
      });
      await whileLocked('orders', async () => {
        const codes = new Set<string | undefined>();
        const placeOne = async (): Promise<void> => {
          const { status, code, retryAfter } = await place(url, product.id, randomUUID());
          expect({ status, hasRetryAfter: retryAfter !== null }).toEqual({
            status: 503,
            hasRetryAfter: true,
          });
          codes.add(code);
        };
        const running = Array.from({ length: 20 }, placeOne);
        await eventually('new requests are refused', () => {
          running.push(placeOne());
          return Promise.resolve(codes.has('overloaded'));
        });
        expect(await loadOf(url)).toBe('unavailable');
        await Promise.all(running);
        // `timed_out`: the request had a connection and waited for the lock. `unavailable`: the request waited for a connection.
        expect(codes).toContain('timed_out');
        expect(codes).toContain('unavailable');
        // The service cancels the statements of timed-out requests, so every connection becomes free.
        await eventually('no request is active any more', async () => (await activeRequests(url)) === 0);
      });
      const served = await eventually('orders are placed again', async () => {
        const outcome = await place(url, product.id, randomUUID());
        return outcome.status === 201 && outcome;
      });
      expect(served.status).toBe(201);
      expect(await countOrdersOf(product.id)).toBe(1);
    },
  );
});
