// Access to orders, products and payments; ETags; and invalid requests, which get a typed error response and have no effect.
import { describe, expect, it } from 'vitest';
import {
  act,
  call,
  eventually,
  newProduct,
  orderOne,
  orderWith,
  place,
  query,
  stack,
  tokenOf,
  useProduct,
  type Person,
} from '../support/shop.ts';

const testProduct = useProduct(1_000);
const path = (id: string, rest = ''): string => `/api/v1/orders/${id}${rest}`;

describe('the API', () => {
  it('refuses an order whose total is not the one that the customer has seen', async () => {
    const place = (amountMinor: number) =>
      call('order', '/api/v1/orders', {
        method: 'POST',
        as: 'user',
        body: {
          items: [{ productId: testProduct.id, quantity: 2 }],
          payment: { mode: 'AUTO', method: 'card' },
          expectedTotal: { amountMinor, currency: 'EUR' },
        },
      });
    const refused = await place(1_999);
    expect([refused.status, Object(refused.body).code]).toEqual([409, 'price_changed']);
    expect((await place(2_000)).status).toBe(201);
  });

  it('shows an order to its customer, the sellers of its lines and administrators', async () => {
    const { id } = await orderOne(testProduct.id);
    await orderWith(id, 'PAID');
    const status = async (as: Parameters<typeof tokenOf>[0], rest = '') =>
      (await call('order', path(id, rest), { as })).status;
    expect(await status('user')).toBe(200);
    expect(await status('user2')).toBe(404);
    expect(await status('seller')).toBe(200);
    expect(await status('seller2')).toBe(404);
    expect(await status('admin')).toBe(200);
    expect(await status('user', '/history')).toBe(200);
    expect(await status('user2', '/history')).toBe(404);
    expect(await status('admin', '/history')).toBe(200);

    expect((await act(id, 'cancel', 'user2')).status).toBe(404);
    expect((await act(id, 'cancel', 'seller')).status).toBe(403);
    expect((await act(id, 'cancel', 'admin')).status).toBe(403);
    expect((await act(id, 'confirm', 'user')).status).toBe(403);
    expect((await act(id, 'fulfill', 'admin')).status).toBe(403);
    expect((await act(id, 'fulfill', 'seller2')).status).toBe(404);

    const payment = async (as: Parameters<typeof tokenOf>[0]) =>
      (await call('payment', `/api/v1/payments/${id}`, { as })).status;
    expect(await payment('user')).toBe(200);
    expect(await payment('user2')).toBe(404);
    expect(await payment('seller')).toBe(403);
    expect(await payment('admin')).toBe(200);
  });

  it('lists only the caller’s own orders, page by page, newest first', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      ids.push((await orderOne(testProduct.id, { mode: 'MANUAL', as: 'user2' })).id);
    }
    const seen: Record<string, unknown>[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await call('order', `/api/v1/orders?limit=2${cursor && `&cursor=${cursor}`}`, {
        as: 'user2',
      });
      seen.push(...Object(body).data);
      cursor = Object(body).nextCursor;
    }
    expect(new Set(seen.map((order) => order['customerId']))).toEqual(new Set(['user-customer-002']));
    expect(seen.slice(0, 5).map((order) => order['id'])).toEqual(ids.reverse());
    expect(new Set(seen.map((order) => order['id'])).size).toBe(seen.length);
  });

  it('lets only the seller change a product, and only with the current version', async () => {
    const change = (as: 'seller' | 'seller2' | 'user', name: string, version: string) =>
      call('inventory', `/api/v1/products/${testProduct.id}`, {
        as,
        method: 'PATCH',
        body: { name },
        headers: { 'if-match': version },
      });
    expect((await change('user', 'Mine', '"v1"')).status).toBe(403);
    expect((await change('seller2', 'Mine', '"v1"')).status).toBe(404);
    const changed = await change('seller', 'A better name', '"v1"');
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).toMatch(/^"v2-[\w-]{16}"$/);
    expect(await change('seller', 'Too late', '"v1"')).toMatchObject({
      status: 412,
      body: { code: 'stale_version' },
    });
    await eventually('the order service has the new name', async () => {
      const [row] = await query(
        'order',
        (sql) => sql`select name from catalogue where product_id = ${testProduct.id}`,
      );
      return row?.['name'] === 'A better name';
    });
  });

  it('responds with 304 to a known ETag', async () => {
    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    await orderWith(id, 'CONFIRMED');
    for (const [part, address] of [
      ['order', path(id)],
      ['inventory', `/api/v1/products/${testProduct.id}`],
    ] as const) {
      const { headers } = await call(part, address, { as: 'user' });
      const etag = headers.get('etag') ?? '';
      const readWith = (knownEtag: string) =>
        call(part, address, { as: 'user', headers: { 'if-none-match': knownEtag } });
      expect(await readWith(etag)).toMatchObject({ status: 304, body: undefined });
      expect(await readWith(`"v0", W/${etag}`)).toMatchObject({ status: 304 });
      expect(await readWith('"v0"')).toMatchObject({ status: 200 });
      expect(headers.get('vary')).toContain('Authorization');
      expect(headers.get('cache-control')).toBe('private, no-cache');
    }
  });

  it('has an ETag per representation: the ETag differs between roles, and changes with the stock without a new version', async () => {
    const otherProduct = await newProduct(100, 'seller2');
    const { id } = await place({
      items: [
        { productId: testProduct.id, quantity: 1 },
        { productId: otherProduct.id, quantity: 1 },
      ],
      mode: 'MANUAL',
    });
    await orderWith(id, 'CONFIRMED');
    const etagFor = async (as: Person, part: 'order' | 'inventory' = 'order', address = path(id)) =>
      (await call(part, address, { as })).headers.get('etag');
    const etags = await Promise.all((['user', 'seller', 'seller2'] as const).map((as) => etagFor(as)));
    expect(new Set(etags).size).toBe(3);
    // An administrator sees the same representation as the customer.
    expect(await etagFor('admin')).toBe(etags[0]);

    const address = `/api/v1/products/${testProduct.id}`;
    const before = await etagFor('seller', 'inventory', address);
    await call('inventory', `${address}/restock`, { as: 'seller', body: { quantity: 1 } });
    const after = await etagFor('seller', 'inventory', address);
    expect(after).not.toBe(before);
    // A change of the stock does not change the version, so the version that was read before is still current.
    const edit = await call('inventory', address, {
      as: 'seller',
      method: 'PATCH',
      body: { name: 'Edited meanwhile' },
      headers: { 'if-match': before ?? '' },
    });
    expect(edit.status).toBe(200);
  });

  it('refuses requests without a valid token', async () => {
    for (const [part, route] of [
      ['order', '/api/v1/orders'],
      ['inventory', '/api/v1/products'],
      ['payment', `/api/v1/payments/${testProduct.id}`],
    ] as const) {
      expect(await call(part, route)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
      const [header, payload] = (await tokenOf('user')).split('.');
      const forged = { authorization: `Bearer ${header}.${payload}.${'A'.repeat(86)}` };
      expect((await call(part, route, { headers: forged })).status).toBe(401);
    }
  });
});

describe('an invalid request', () => {
  const validBody = () => ({
    items: [{ productId: testProduct.id, quantity: 1 }],
    payment: { mode: 'AUTO', method: 'card' },
  });
  const item = (more: object) => ({
    ...validBody(),
    items: [{ productId: testProduct.id, quantity: 1, ...more }],
  });
  const cases: [string, () => unknown, number][] = [
    ['no items', () => ({ ...validBody(), items: [] }), 422],
    ['a quantity of zero', () => item({ quantity: 0 }), 422],
    ['a negative quantity', () => item({ quantity: -1 }), 422],
    ['half a unit', () => item({ quantity: 0.5 }), 422],
    ['a huge quantity', () => item({ quantity: 1e15 }), 422],
    ['a quantity as text', () => item({ quantity: '1' }), 422],
    ['a price set by the client', () => item({ unitPrice: { amountMinor: 1, currency: 'EUR' } }), 422],
    ['an unknown product', () => item({ productId: 'ghost' }), 422],
    ['a NUL in the product id', () => item({ productId: 'a\u0000b' }), 422],
    ['an unknown payment mode', () => ({ ...validBody(), payment: { mode: 'LATER', method: 'card' } }), 422],
    [
      'card data as a token',
      () => ({ ...validBody(), payment: { ...validBody().payment, token: '4111111111111111' } }),
      422,
    ],
    ['null as body', () => null, 422],
    [
      '101 lines',
      () => ({ ...validBody(), items: Array.from({ length: 101 }, () => validBody().items[0]) }),
      422,
    ],
  ];
  it.each(cases)('with %s is refused and has no effect', async (_label, body, status) => {
    const [before] = await query('order', (sql) => sql`select count(*)::int as n from orders`);
    const answer = await call('order', '/api/v1/orders', { as: 'user', body: body() });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status, instance: '/api/v1/orders', code: expect.any(String) });
    expect(answer.headers.get('x-correlation-id')).toBe(Object(answer.body).correlationId);
    const [after] = await query('order', (sql) => sql`select count(*)::int as n from orders`);
    expect(after).toEqual(before);
  });

  it('gets a status that names the cause', async () => {
    const post = async (body: string, type: string) =>
      fetch(`${stack.urls.order}/api/v1/orders`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await tokenOf('user')}`, 'content-type': type },
        body,
      });
    expect((await post('{"items":', 'application/json')).status).toBe(400);
    expect((await post('<order/>', 'text/xml')).status).toBe(415);
    expect((await post(JSON.stringify({ x: 'a'.repeat(1_100_000) }), 'application/json')).status).toBe(413);
    expect((await call('order', '/api/v1/nowhere', { as: 'user' })).status).toBe(404);
    expect((await call('order', path('not-a-uuid'), { as: 'user' })).status).toBe(404);
    expect((await call('order', '/api/v1/orders?cursor=nonsense', { as: 'user' })).status).toBe(422);
    expect((await call('order', '/api/v1/orders', { as: 'user', method: 'DELETE' })).status).toBe(405);
    expect((await call('inventory', '/api/v1/products/a%00b', { as: 'user' })).status).toBe(404);
  });

  it('is not caused by capital letters in an id or by white space in the content type: both are accepted', async () => {
    const response = await fetch(`${stack.urls.order}/api/v1/orders`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await tokenOf('user')}`,
        'content-type': 'application/json ; charset=UTF-8',
      },
      body: JSON.stringify({
        items: [{ productId: testProduct.id.toUpperCase(), quantity: 1 }],
        payment: { mode: 'MANUAL', method: 'card' },
      }),
    });
    expect(response.status).toBe(201);
    const { id, items } = Object(await response.json());
    expect(items).toMatchObject([{ productId: testProduct.id }]);
    await orderWith(id, 'CONFIRMED');
    const capitals = String(id).toUpperCase();
    expect((await call('order', path(capitals), { as: 'user' })).body).toMatchObject({ id });
    expect(
      (await call('inventory', `/api/v1/products/${testProduct.id.toUpperCase()}`, { as: 'user' })).body,
    ).toMatchObject({
      id: testProduct.id,
    });
    expect(
      (await call('inventory', `/api/v1/reservations?orderId=${capitals}`, { as: 'admin' })).body,
    ).toMatchObject({
      data: [{ orderId: id }],
    });
    expect((await call('payment', `/api/v1/payments/${capitals}`, { as: 'user' })).body).toMatchObject({
      orderId: id,
    });
    expect((await act(capitals, 'cancel', 'user')).body).toMatchObject({ id, status: 'CANCELLED' });
  });

  it('with an illegal transition gets 409', async () => {
    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    const response = await act(id, 'fulfill', 'seller');
    expect(response).toMatchObject({ status: 409, body: { code: 'illegal_transition' } });
  });
});

describe('each service', () => {
  it.each(['order', 'inventory', 'payment'] as const)(
    '(%s) serves its OpenAPI document and is healthy',
    async (part) => {
      const { body } = await call(part, '/openapi.json');
      expect(Object(body).openapi).toMatch(/^3\.1/);
      expect(Object.keys(Object(body).paths).some((route) => route.startsWith('/api/v1/'))).toBe(true);
      const ready = await call(part, '/health/ready');
      expect(ready).toMatchObject({ status: 200, body: { status: 'ok' } });
      const checks = ['database', 'load', 'schemas', ...(part === 'order' ? ['streams'] : [])];
      expect(Object.keys(Object(ready.body).checks).sort()).toEqual(checks);
      expect(Object(ready.body).pipeline).toEqual({ kafka: { status: 'ok' }, registry: { status: 'ok' } });
    },
  );
});
