// Idempotency-Key over the real API: each key has one effect and always gets the same response, and each caller has separate keys.
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  call,
  chargesOf,
  countOrdersOf,
  eventually,
  newProduct,
  orderOne,
  orderWith,
  paymentWith,
  placeRaw,
  product,
  query,
  useProduct,
  type Answer,
  type Person,
  type OrderOptions,
} from '../support/shop.ts';

const testProduct = useProduct(1_000);

const requestWith = (key: string, more: Partial<OrderOptions> = {}): OrderOptions => ({
  items: [{ productId: testProduct.id, quantity: 1 }],
  mode: 'MANUAL',
  headers: { 'idempotency-key': key },
  ...more,
});

describe('Idempotency-Key of an order', () => {
  it('replays the first response unchanged and marks it as replayed', async () => {
    const key = randomUUID();
    const first = await placeRaw(requestWith(key));
    const second = await placeRaw(requestWith(key));
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
  });

  it('is the same key with quotes, as in the draft standard, and without quotes', async () => {
    const key = randomUUID();
    const unquoted = await placeRaw(requestWith(key));
    const quoted = await placeRaw(requestWith(key, { headers: { 'idempotency-key': `"${key}"` } }));
    expect(quoted.body).toEqual(unquoted.body);
  });

  it('refuses another body under the same key', async () => {
    const key = randomUUID();
    await placeRaw(requestWith(key));
    const other = await placeRaw(requestWith(key, { items: [{ productId: testProduct.id, quantity: 2 }] }));
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('belongs to the caller: another customer can use the same key', async () => {
    const key = randomUUID();
    const mine = await placeRaw(requestWith(key));
    const theirs = await placeRaw(requestWith(key, { as: 'user2' }));
    expect(theirs.status).toBe(201);
    expect(theirs.body).not.toEqual(mine.body);
  });

  it('places one order for many concurrent requests; the others get that order or 409', async () => {
    const [key, { id: productId }] = [randomUUID(), await newProduct(100)];
    const request = requestWith(key, { items: [{ productId, quantity: 1 }] });
    const answers = await Promise.all(Array.from({ length: 20 }, () => placeRaw(request)));
    expect(new Set(answers.map(({ status }) => status)).isSubsetOf(new Set([201, 409]))).toBe(true);
    const created = answers.filter(({ status }) => status === 201);
    expect(new Set(created.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await countOrdersOf(productId)).toBe(1);
  });

  it('ignores the sequence of the members in the body', async () => {
    const key = randomUUID();
    const headers = { 'idempotency-key': key };
    const item = { productId: testProduct.id, quantity: 1 };
    const reordered = { quantity: 1, productId: testProduct.id };
    const first = await call('order', '/api/v1/orders', {
      as: 'user',
      headers,
      body: { items: [item], payment: { mode: 'MANUAL', method: 'card' } },
    });
    const second = await call('order', '/api/v1/orders', {
      as: 'user',
      headers,
      body: { payment: { method: 'card', mode: 'MANUAL' }, items: [reordered] },
    });
    expect(second).toMatchObject({ status: 201, body: first.body });
  });

  it('can be used again after a refused request', async () => {
    const key = randomUUID();
    const refused = await placeRaw(requestWith(key, { items: [{ productId: 'ghost', quantity: 1 }] }));
    expect(refused).toMatchObject({ status: 422, body: { code: 'unknown_product' } });
    expect((await placeRaw(requestWith(key))).status).toBe(201);
  });
});

describe('Idempotency-Key of a payment', () => {
  const newPayableOrder = async (): Promise<string> => {
    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    await orderWith(id, 'CONFIRMED');
    await paymentWith(id, 'PENDING');
    return id;
  };
  const pay = (id: string, key: string, token = 'tok_success', as: Person = 'user'): Promise<Answer> =>
    call('payment', `/api/v1/payments/${id}/pay`, {
      as,
      body: { token },
      headers: { 'idempotency-key': key },
    });
  /** Pays as soon as the payment service knows the reservation. Refused requests do not use up the key. */
  const payWhenReserved = async (id: string, key: string): Promise<Answer> => {
    let answer = await pay(id, key);
    await eventually('the stock is reserved', async () => {
      if (answer.status === 409) answer = await pay(id, key);
      return answer.status !== 409;
    });
    return answer;
  };

  it('replays the first response unchanged, even after the payment has succeeded', async () => {
    const [id, key] = [await newPayableOrder(), randomUUID()];
    const first = await payWhenReserved(id, key);
    expect(first).toMatchObject({ status: 202, body: { state: 'PENDING' } });
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    await paymentWith(id, 'SUCCEEDED');
    const second = await pay(id, key);
    expect(second).toMatchObject({ status: 202, body: first.body });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await chargesOf(id)).toHaveLength(1);
  });

  it('replays the response for a payment that had already succeeded before the first request', async () => {
    const [id, key] = [await newPayableOrder(), randomUUID()];
    await payWhenReserved(id, randomUUID());
    await paymentWith(id, 'SUCCEEDED');
    const first = await pay(id, key);
    const second = await pay(id, key);
    expect(first).toMatchObject({ status: 200, body: { state: 'SUCCEEDED' } });
    expect(second).toMatchObject({ status: 200, body: first.body });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
  });

  it('refuses another body under the same key', async () => {
    const [id, key] = [await newPayableOrder(), randomUUID()];
    await payWhenReserved(id, key);
    const other = await pay(id, key, 'tok_declined');
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('belongs to the order and the caller', async () => {
    const [one, other, key] = [await newPayableOrder(), await newPayableOrder(), randomUUID()];
    expect((await payWhenReserved(one, key)).body).toMatchObject({ orderId: one });
    expect((await payWhenReserved(other, key)).body).toMatchObject({ orderId: other });
    expect((await pay(one, key, 'tok_success', 'user2')).status).toBe(404);
  });

  it('charges once for many concurrent requests: a request that gets 409 is repeated, and all get the same response', async () => {
    const [id, key] = [await newPayableOrder(), randomUUID()];
    const answers = await Promise.all(Array.from({ length: 20 }, () => payWhenReserved(id, key)));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    await paymentWith(id, 'SUCCEEDED');
    expect(await chargesOf(id)).toHaveLength(1);
  });
});

describe('Idempotency-Key of every other call', () => {
  const sendTwice = async (
    part: 'inventory' | 'order' | 'auditor',
    path: string,
    as: Person,
    body?: unknown,
  ) => {
    const headers = { 'idempotency-key': randomUUID() };
    const send = () =>
      call(part, path, { as, method: 'POST', headers, ...(body === undefined ? {} : { body }) });
    const first = await send();
    const second = await send();
    expect(second.status).toBe(first.status);
    expect(second.body).toEqual(first.body);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    return first;
  };

  it('makes a repeated restock add its units once', async () => {
    const { id, available } = await newProduct(10);
    await sendTwice('inventory', `/api/v1/products/${id}/restock`, 'seller', { quantity: 5 });
    expect(await product(id)).toMatchObject({ available: available + 5 });
  });

  it('is optional: without a key, each restock adds its units', async () => {
    const { id } = await newProduct(10);
    for (let sent = 0; sent < 2; sent += 1)
      await call('inventory', `/api/v1/products/${id}/restock`, { as: 'seller', body: { quantity: 5 } });
    expect(await product(id)).toMatchObject({ available: 20 });
  });

  it('refuses a different quantity under the same key', async () => {
    const { id } = await newProduct(10);
    const headers = { 'idempotency-key': randomUUID() };
    const path = `/api/v1/products/${id}/restock`;
    await call('inventory', path, { as: 'seller', headers, body: { quantity: 5 } });
    const other = await call('inventory', path, { as: 'seller', headers, body: { quantity: 6 } });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('makes a repeated request create one product', async () => {
    const body = {
      name: 'A thing',
      sku: randomUUID(),
      price: { amountMinor: 100, currency: 'EUR' },
      quantity: 1,
    };
    const created = await sendTwice('inventory', '/api/v1/products', 'seller', body);
    expect(created.status).toBe(201);
  });

  it('replays the first response to a confirmation, a shipment and a cancellation of an order', async () => {
    const { id } = await orderOne(testProduct.id);
    await orderWith(id, 'PAID');
    await sendTwice('order', `/api/v1/orders/${id}/confirm`, 'seller');
    await sendTwice('order', `/api/v1/orders/${id.toUpperCase()}/fulfill`, 'seller');
    const { id: toCancel } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    const cancelled = await sendTwice('order', `/api/v1/orders/${toCancel}/cancel`, 'user');
    expect(cancelled.body).toMatchObject({ status: 'CANCELLED' });
  });

  it('replays the first response to a repair', async () => {
    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    await sendTwice('order', `/api/v1/orders/${id}/repair`, 'admin', { reason: 'a test' });
  });

  it('makes a repeated action on a connector leave one entry in the audit log', async () => {
    const entries = () =>
      query('order', (sql) => sql`select id from audit_log where action = 'connectors.resume'`);
    const before = await entries();
    await sendTwice('auditor', '/api/v1/connectors/order/resume', 'admin');
    expect(await entries()).toHaveLength(before.length + 1);
  });

  it('is documented for every POST that changes something', async () => {
    /** Arming a fault changes no data. */
    const needsNoKey = (path: string): boolean => path.startsWith('/chaos/');
    for (const part of ['order', 'inventory', 'payment', 'auditor'] as const) {
      const { body } = await call(part, '/openapi.json');
      const posts = Object.entries(Object(Object(body).paths)).filter(
        ([path, item]) => 'post' in Object(item) && !needsNoKey(path),
      );
      expect(posts.length).toBeGreaterThan(1);
      for (const [path, item] of posts) {
        const parameters: readonly unknown[] = Object(Object(item).post).parameters ?? [];
        const names = parameters.map((parameter): unknown => Object(parameter).name);
        expect(names, `POST ${path}`).toContain('idempotency-key');
      }
    }
  });
});
