// A service cannot handle some events because of a defect in the service. If one event fails, it becomes a dead letter and the
// other events are handled. If many events fail, the consumer halts. After the repair, a replay completes every order exactly once.
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { breakReservationsOf, repairReservations } from '../support/defect.ts';
import {
  call,
  chargesOf,
  eventually,
  newProduct,
  order,
  orderOne,
  orderWith,
  query,
  type OrderView,
  type ProductView,
} from '../support/shop.ts';

const path = '/api/v1/dead-letters';
const letters = z.object({ data: z.array(z.looseObject({ id: z.string(), fingerprint: z.string() })) });
/** A product whose reservations fail until the repair. */
let brokenProduct: ProductView;
let intactProduct: ProductView;

beforeEach(async () => {
  [brokenProduct, intactProduct] = await Promise.all([newProduct(100), newProduct(100)]);
  await breakReservationsOf(brokenProduct.id);
});
afterEach(repairReservations);
afterAll(async () => {
  // Later tests expect that there are no dead letters.
  await query('inventory', (sql) => sql`delete from dead_letters`);
});

const placeOrderFor = ({ id }: ProductView): Promise<OrderView> => orderOne(id);
const deadLettersOf = (orderIds: readonly string[]) =>
  query(
    'inventory',
    (sql) => sql`select id from dead_letters where state = 'parked' and key in ${sql(orderIds)}`,
  );
const kafkaHealth = async (): Promise<{ ready: boolean; consumes: boolean; detail: string }> => {
  const { status, body } = await call('inventory', '/health/ready');
  const { kafka } = Object(body).pipeline;
  return { ready: status === 200, consumes: kafka.status === 'ok', detail: String(kafka.detail) };
};

describe('an event that a service cannot handle', () => {
  it('is dead-lettered while other orders continue; a replay by an administrator completes its order once', async () => {
    const failing = await placeOrderFor(brokenProduct);
    await eventually(
      'order.created is dead-lettered',
      async () => (await deadLettersOf([failing.id])).length === 1,
    );
    await orderWith((await placeOrderFor(intactProduct)).id, 'PAID');
    expect((await order(failing.id)).status).toBe('PENDING');
    expect((await kafkaHealth()).consumes).toBe(true);

    expect((await call('inventory', path)).status).toBe(401);
    expect((await call('inventory', path, { as: 'seller' })).status).toBe(403);
    const response = await call('inventory', `${path}?state=parked`, { as: 'admin' });
    const [letter] = letters.parse(response.body).data;
    expect(letter).toMatchObject({ key: failing.id, eventType: 'order.created', attempts: 3, replays: 0 });
    expect(letter?.fingerprint).toBe('Error|23514|order.created');
    const url = `${path}/${letter?.id ?? ''}`;
    expect(await call('inventory', url, { as: 'admin' })).toMatchObject({
      body: { event: { type: 'order.created', data: { orderId: failing.id } } },
    });

    const replay = () => call('inventory', `${url}/replay`, { as: 'admin', method: 'POST' });
    expect(await replay()).toMatchObject({ status: 409, body: { code: 'replay_failed' } });
    await repairReservations();
    expect(await replay()).toMatchObject({ status: 200, body: { outcome: 'accepted' } });
    expect(await replay()).toMatchObject({ status: 200, body: { outcome: 'duplicate' } });
    await orderWith(failing.id, 'PAID');
    expect((await chargesOf(failing.id)).length).toBe(1);
  });

  it('halts the consumer, but not the API, if many such events fail; after the repair the consumer continues and loses nothing', async () => {
    const failing: string[] = [];
    for (let index = 0; index < 30; index += 1) failing.push((await placeOrderFor(brokenProduct)).id);
    await eventually('the consumer of the inventory service has halted', async () => {
      const { consumes, detail } = await kafkaHealth();
      return !consumes && detail.startsWith('halted: ');
    });
    expect((await kafkaHealth()).ready).toBe(true);
    const deadLettered = (await deadLettersOf(failing)).length;
    expect(deadLettered).toBeLessThan(10);

    await repairReservations();
    await eventually('the consumer consumes again', async () => (await kafkaHealth()).consumes, 60_000);
    await eventually(
      'every order without a dead letter is PAID',
      async () =>
        (await Promise.all(failing.map((id) => order(id)))).filter(isPaid).length === 30 - deadLettered,
    );
    expect((await deadLettersOf(failing)).length).toBe(deadLettered);

    const body = { fingerprint: 'Error|23514|order.created', limit: 100 };
    expect(await call('inventory', `${path}/replay`, { as: 'admin', body })).toMatchObject({
      status: 200,
      body: { replayed: deadLettered, failed: 0, remaining: 0 },
    });
    for (const id of failing) {
      await orderWith(id, 'PAID');
      expect((await chargesOf(id)).length).toBe(1);
    }
  }, 150_000);
});

const isPaid = ({ status }: OrderView): boolean => status === 'PAID';
