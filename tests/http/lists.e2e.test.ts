// Filters, sorting and paging of the lists of orders and products.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  bodyOf,
  call,
  eventually,
  newProduct,
  orderOne,
  orderWith,
  place,
  products,
  whileGateway,
  type Person,
} from '../support/shop.ts';

const page = z.object({ data: z.array(z.object({ id: z.string() })), nextCursor: z.string().nullable() });

const idsOf = async (service: 'order' | 'inventory', path: string, as: Person): Promise<string[]> => {
  const { status, body } = await call(service, path, { as });
  expect(status).toBe(200);
  return page.parse(body).data.map(({ id }) => id);
};

describe('orders', () => {
  it('are filtered by time, customer and reason, and sorted in both directions', async () => {
    const { id: productId } = await newProduct(5);
    const first = await orderOne(productId);
    const second = await orderOne(productId, { token: 'tok_declined' });
    const third = await orderOne(productId, { as: 'user2' });
    await orderWith(second.id, 'CANCELLED');
    const since = `placedFrom=${first.createdAt}`;
    const find = (filter: string) => idsOf('order', `/api/v1/orders?${since}&${filter}`, 'admin');
    const all = [first, second, third].map(({ id }) => id);
    expect((await find('sort=oldest')).slice(0, 3)).toEqual(all);
    expect(await find('sort=newest')).toEqual((await find('sort=oldest')).toReversed());
    expect(await find(`placedBefore=${second.createdAt}`)).toEqual([first.id]);
    expect(await find('customerId=user-customer-002')).toEqual([third.id]);
    expect(await find('reason=payment_failed')).toEqual([second.id]);
  });

  it('are listed as stuck while the saga makes no progress, but not while they wait for a payment by the customer', async () => {
    const { id: productId } = await newProduct(5);
    const manual = await orderOne(productId, { mode: 'MANUAL' });
    const path = `/api/v1/orders?stuckSeconds=1&placedFrom=${manual.createdAt}`;
    await whileGateway({ mode: 'error' }, async () => {
      const { id } = await orderOne(productId);
      await eventually('the order is stuck', async () =>
        (await idsOf('order', path, 'admin')).includes(id) ? true : undefined,
      );
      expect(await idsOf('order', path, 'admin')).toEqual([id]);
      expect(await idsOf('order', path.replace('=1', '=600'), 'admin')).toEqual([]);
    });
  });

  it('are listed page by page, oldest first', async () => {
    const { id: productId } = await newProduct(5);
    const placed = [];
    for (let count = 0; count < 3; count += 1) placed.push(await orderOne(productId));
    const read: string[] = [];
    let cursor: string | undefined;
    const path = `/api/v1/orders?sort=oldest&limit=1&placedFrom=${placed[0]?.createdAt ?? ''}`;
    while (read.length < 3) {
      const { body } = await call('order', cursor === undefined ? path : `${path}&cursor=${cursor}`, {
        as: 'user',
      });
      const { data, nextCursor } = page.parse(body);
      read.push(...data.map(({ id }) => id));
      cursor = nextCursor ?? undefined;
    }
    expect(read).toEqual(placed.map(({ id }) => id));
  });

  it('are listed for a seller as to be shipped until the seller has shipped all own lines', async () => {
    const mine = await newProduct(5);
    const other = await newProduct(5, 'seller2');
    const { id, createdAt } = await place({
      items: [
        { productId: mine.id, quantity: 1 },
        { productId: other.id, quantity: 1 },
      ],
    });
    const toShip = (as: Person) => idsOf('order', `/api/v1/orders?toShip=true&placedFrom=${createdAt}`, as);
    expect(await toShip('seller')).not.toContain(id);
    await orderWith(id, 'PAID');
    expect(await toShip('seller')).toContain(id);
    await call('order', `/api/v1/orders/${id}/fulfill`, { as: 'seller', method: 'POST' });
    expect(await toShip('seller')).not.toContain(id);
    expect(await toShip('seller2')).toContain(id);
    expect(await toShip('admin')).toContain(id);
  });

  it.each([
    'toShip=1',
    'sort=total',
    'stuckSeconds=0',
    'placedFrom=yesterday',
    'placedBefore=0000-01-01T00:00:00Z',
  ])('refuse the filter %s', async (filter) => {
    expect((await call('order', `/api/v1/orders?${filter}`, { as: 'admin' })).status).toBe(422);
  });
});

describe('products', () => {
  it('are filtered by seller', async () => {
    const { id } = await newProduct(1, 'seller2');
    const of = (seller: string) =>
      idsOf('inventory', `/api/v1/products?limit=100&sellerId=${seller}`, 'seller2');
    expect(await of('user-seller-002')).toContain(id);
    expect(await of('user-seller-001')).not.toContain(id);
  });

  it('are found by words of their name or SKU in any case, and sorted across pages', async () => {
    const word = `W${crypto.randomUUID().slice(0, 8)}`;
    const create = async (letter: string, amountMinor: number): Promise<string> => {
      const sku = `SKU-${letter}-${word}`;
      const body = {
        name: `${letter} 100% ${word}`,
        sku,
        price: { amountMinor, currency: 'EUR' },
        quantity: 1,
      };
      return bodyOf('creating a product', await products('seller2').create({ body })).id;
    };
    const [b, a, c] = [await create('b', 300), await create('a', 200), await create('c', 200)];
    const sorted = async (sort: string): Promise<string[]> => {
      const found: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const from = cursor === '' ? '' : `&cursor=${cursor}`;
        const path = `/api/v1/products?q=${word.toLowerCase()}%20100%25&sort=${sort}&limit=1${from}`;
        const answer = page.parse((await call('inventory', path, { as: 'user' })).body);
        found.push(...answer.data.map(({ id }) => id));
        cursor = answer.nextCursor;
      }
      return found;
    };
    expect(await sorted('name')).toEqual([a, b, c]);
    // Products with equal prices are sorted by id in the same direction. Ids ascend in the sequence of creation.
    expect(await sorted('price')).toEqual([a, c, b]);
    expect(await sorted('-price')).toEqual([b, c, a]);
    expect(await sorted('id')).toEqual([b, a, c]);
    expect(await idsOf('inventory', `/api/v1/products?q=${word}%20other`, 'user')).toEqual([]);
    expect(await idsOf('inventory', `/api/v1/products?q=sku-C-${word}`, 'user')).toEqual([c]);
  });

  it('refuse a cursor that was issued for a different sorting', async () => {
    const { body } = await call('inventory', '/api/v1/products?sort=name&limit=1', { as: 'user' });
    const path = `/api/v1/products?sort=price&cursor=${String(Object(body).nextCursor)}`;
    expect((await call('inventory', path, { as: 'user' })).status).toBe(422);
  });
});
