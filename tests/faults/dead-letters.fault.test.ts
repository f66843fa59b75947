// A service that cannot handle events because of its own defect: one event becomes a dead letter while others are handled, many
// halt the consumer. After the repair, replay completes every order exactly once.
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
let broken: ProductView;
let whole: ProductView;

beforeEach(async () => {
  [broken, whole] = await Promise.all([newProduct(100), newProduct(100)]);
  await breakReservationsOf(broken.id);
});
afterEach(repairReservations);
afterAll(async () => {
  // Later tests expect no dead letters.
  await query('inventory', (sql) => sql`delete from dead_letters`);
});

const ordered = (thing: ProductView): Promise<OrderView> => orderOne(thing.id);
const deadLettersOf = (orderIds: readonly string[]) =>
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
  it('is dead-lettered while other orders go on; a replay by an administrator completes its order once', async () => {
    const stuck = await ordered(broken);
    await eventually(
      'order.created is dead-lettered',
      async () => (await deadLettersOf([stuck.id])).length === 1,
    );
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

  it('in great number halts the consumer but not the API; the consumer goes on by itself and loses nothing', async () => {
    const stuck: string[] = [];
    for (let index = 0; index < 30; index += 1) stuck.push((await ordered(broken)).id);
    await eventually('the consumer of the inventory service has halted', async () => {
      const { reads, detail } = await kafkaHealth();
      return !reads && detail.startsWith('halted: ');
    });
    expect((await kafkaHealth()).ready).toBe(true);
    const deadLettered = (await deadLettersOf(stuck)).length;
    expect(deadLettered).toBeLessThan(10);

    await repairReservations();
    await eventually('the consumer reads again', async () => (await kafkaHealth()).reads, 60_000);
    await eventually(
      'every order without a dead letter is PAID',
      async () =>
        (await Promise.all(stuck.map((id) => order(id)))).filter(isPaid).length === 30 - deadLettered,
    );
    expect((await deadLettersOf(stuck)).length).toBe(deadLettered);

    const body = { fingerprint: 'Error|23514|order.created', limit: 100 };
    expect(await call('inventory', `${path}/replay`, { as: 'admin', body })).toMatchObject({
      status: 200,
      body: { replayed: deadLettered, failed: 0, remaining: 0 },
    });
    for (const id of stuck) {
      await orderWith(id, 'PAID');
      expect((await chargesOf(id)).length).toBe(1);
    }
  }, 150_000);
});

const isPaid = ({ status }: OrderView): boolean => status === 'PAID';
