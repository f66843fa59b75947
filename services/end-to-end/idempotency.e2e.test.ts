// Idempotency-Key over the real API: one effect per key, the same answer every time, and no key of somebody else's.
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { newProduct, placeRaw, query, type Placing, type ProductView } from './shop.ts';

let thing: ProductView;
beforeAll(async () => {
  thing = await newProduct(1_000);
});

const placing = (key: string, more: Partial<Placing> = {}): Placing => ({
  items: [{ productId: thing.id, quantity: 1 }],
  mode: 'MANUAL',
  headers: { 'idempotency-key': key },
  ...more,
});
const ordersFor = (key: string) =>
  query('order', (sql) => sql`select body ->> 'id' as id from idempotency_keys where key = ${key}`);

describe('Idempotency-Key', () => {
  it('replays the first answer, word for word, and says so', async () => {
    const key = randomUUID();
    const first = await placeRaw(placing(key));
    const second = await placeRaw(placing(key));
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
  });

  it('is the same key quoted, as the draft standard writes it, or bare', async () => {
    const key = randomUUID();
    const bare = await placeRaw(placing(key));
    const quoted = await placeRaw(placing(key, { headers: { 'idempotency-key': `"${key}"` } }));
    expect(quoted.body).toEqual(bare.body);
  });

  it('refuses another body under the same key', async () => {
    const key = randomUUID();
    await placeRaw(placing(key));
    const other = await placeRaw(placing(key, { items: [{ productId: thing.id, quantity: 2 }] }));
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('belongs to its caller: another customer may use the same key', async () => {
    const key = randomUUID();
    const mine = await placeRaw(placing(key));
    const theirs = await placeRaw(placing(key, { as: 'user2' }));
    expect(theirs.status).toBe(201);
    expect(theirs.body).not.toEqual(mine.body);
  });

  it('places one order however many requests race; the others get that order or 409', async () => {
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => placeRaw(placing(key))));
    expect(new Set(answers.map(({ status }) => status)).isSubsetOf(new Set([201, 409]))).toBe(true);
    const created = answers.filter(({ status }) => status === 201);
    expect(new Set(created.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await ordersFor(key)).toHaveLength(1);
  });

  it('is not used up by a request that was refused', async () => {
    const key = randomUUID();
    const refused = await placeRaw(placing(key, { items: [{ productId: 'ghost', quantity: 1 }] }));
    expect(refused).toMatchObject({ status: 422, body: { code: 'unknown_product' } });
    expect((await placeRaw(placing(key))).status).toBe(201);
  });
});
