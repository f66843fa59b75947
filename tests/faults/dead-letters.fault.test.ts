// A service that cannot handle an event because of a fault of its own: one event is parked while others pass it, many halt
// the service; and once the fault is mended, replay completes every order exactly once.
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { breakReservationsOf, repairReservations } from '../support/defect.ts';
import {
  call,
  chargesOf,
  eventually,
  newProduct,
  order,
  orderWith,
  place,
  query,
  type OrderView,
  type ProductView,
} from '../support/shop.ts';

const path = '/api/v1/dead-letters';
const letters = z.object({ data: z.array(z.looseObject({ id: z.string(), fingerprint: z.string() })) });
let broken: ProductView;
let whole: ProductView;

beforeEach(async () => {
  [broken, whole] = await Promise.all([newProduct(100), newProduct(100)]);
  await breakReservationsOf(broken.id);
});
afterEach(repairReservations);
afterAll(async () => {
  // Later tests expect that nothing was parked.
  await query('inventory', (sql) => sql`delete from dead_letters`);
});

const ordered = (thing: ProductView): Promise<OrderView> =>
  place({ items: [{ productId: thing.id, quantity: 1 }] });
const parkedOf = (orderIds: readonly string[]) =>
  query(
    'inventory',
    (sql) => sql`select id from dead_letters where state = 'parked' and key in ${sql(orderIds)}`,
  );
const kafkaHealth = async (): Promise<{ ready: boolean; reads: boolean; detail: string }> => {
  const { status, body } = await call('inventory', '/health/ready');
  const { kafka } = Object(body).pipeline;
  return { ready: status === 200, reads: kafka.status === 'ok', detail: String(kafka.detail) };
};

describe('an event that a service cannot handle', () => {
  it('is parked while other orders pass; replayed by an administrator it completes its order, once', async () => {
    const stuck = await ordered(broken);
    await eventually('order.created is parked', async () => (await parkedOf([stuck.id])).length === 1);
    await orderWith((await ordered(whole)).id, 'PAID');
    expect((await order(stuck.id)).status).toBe('PENDING');
    expect((await kafkaHealth()).reads).toBe(true);

    expect((await call('inventory', path)).status).toBe(401);
    expect((await call('inventory', path, { as: 'seller' })).status).toBe(403);
    const answer = await call('inventory', `${path}?state=parked`, { as: 'admin' });
    const [letter] = letters.parse(answer.body).data;
    expect(letter).toMatchObject({ key: stuck.id, eventType: 'order.created', attempts: 3, replays: 0 });
    expect(letter?.fingerprint).toBe('Error|23514|order.created');
    const url = `${path}/${letter?.id ?? ''}`;
    expect(await call('inventory', url, { as: 'admin' })).toMatchObject({
      body: { event: { type: 'order.created', data: { orderId: stuck.id } } },
    });

    const replay = () => call('inventory', `${url}/replay`, { as: 'admin', method: 'POST' });
    expect(await replay()).toMatchObject({ status: 409, body: { code: 'replay_failed' } });
    await repairReservations();
    expect(await replay()).toMatchObject({ status: 200, body: { outcome: 'accepted' } });
    expect(await replay()).toMatchObject({ status: 200, body: { outcome: 'duplicate' } });
    await orderWith(stuck.id, 'PAID');
    expect((await chargesOf(stuck.id)).length).toBe(1);
  });

  it('in great number halts the consumer, not the API, which goes on by itself and loses nothing', async () => {
    const stuck: string[] = [];
    for (let index = 0; index < 30; index += 1) stuck.push((await ordered(broken)).id);
    await eventually('the consumer of the inventory service has halted', async () => {
      const { reads, detail } = await kafkaHealth();
      return !reads && detail.startsWith('halted: ');
    });
    expect((await kafkaHealth()).ready).toBe(true);
    const parked = (await parkedOf(stuck)).length;
    expect(parked).toBeLessThan(10);

    await repairReservations();
    await eventually('it reads again', async () => (await kafkaHealth()).reads, 60_000);
    await eventually(
      'all that was not parked is PAID',
      async () => (await Promise.all(stuck.map((id) => order(id)))).filter(isPaid).length === 30 - parked,
    );
    expect((await parkedOf(stuck)).length).toBe(parked);

    const body = { fingerprint: 'Error|23514|order.created', limit: 100 };
    expect(await call('inventory', `${path}/replay`, { as: 'admin', body })).toMatchObject({
      status: 200,
      body: { replayed: parked, failed: 0, remaining: 0 },
    });
    for (const id of stuck) {
      await orderWith(id, 'PAID');
      expect((await chargesOf(id)).length).toBe(1);
    }
  }, 150_000);
});

const isPaid = ({ status }: OrderView): boolean => status === 'PAID';
