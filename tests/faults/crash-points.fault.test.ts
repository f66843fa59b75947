// Crashes at named fault points, duplicate deliveries and delays, in all three services at once, while orders are in flight. Only the
// supervisor restarts the services.
import { afterEach, describe, expect, it } from 'vitest';
import { serviceNames, type ServiceName } from '../../scripts/stack/topology.ts';
import { expectInvariants } from '../support/invariants.ts';
import {
  arm,
  call,
  disarm,
  eventually,
  orderOne,
  orderWith,
  part,
  query,
  useProduct,
} from '../support/shop.ts';

const testProduct = useProduct(10_000);
afterEach(async () => {
  for (const service of serviceNames)
    await eventually(`${service} is disarmed`, async () => (await disarm(service)).status === 200);
});

/** For each service, an event that the service handles for every paid order. */
const handledEvent: Record<ServiceName, string> = {
  order: 'event:payment.succeeded',
  inventory: 'event:order.created',
  payment: 'event:inventory.reserved',
};

const placeSome = (count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, async () => (await orderOne(testProduct.id)).id));

const expectAllPaid = async (ids: readonly string[]): Promise<void> => {
  for (const id of ids) await orderWith(id, 'PAID', 90_000);
  await expectInvariants(ids);
};

describe('a crash', () => {
  it.each(['after-claim', 'after-effects', 'after-commit'] as const)(
    'at %s, in every service, loses nothing and repeats no effect',
    { timeout: 180_000 },
    async (point) => {
      const restarts = new Map(serviceNames.map((service) => [service, part(service).restarts]));
      for (const service of serviceNames)
        await arm(service, { point, action: 'crash', actor: handledEvent[service] });
      const ids = await placeSome(6);
      await expectAllPaid(ids);
      for (const service of serviceNames) {
        expect(part(service).restarts, `${service} crashed`).toBe((restarts.get(service) ?? 0) + 1);
      }
    },
  );

  it(
    'after the gateway has charged and before the charge is recorded leads to one charge per order',
    { timeout: 180_000 },
    async () => {
      const { restarts } = part('payment');
      await arm('payment', { point: 'after-remote-answer', action: 'crash' });
      await expectAllPaid(await placeSome(4));
      expect(part('payment').restarts).toBe(restarts + 1);
    },
  );
});

describe('delivery', () => {
  it('of every event twice has one effect', { timeout: 120_000 }, async () => {
    for (const service of serviceNames) {
      await arm(service, { point: 'before-handling', action: 'repeat', times: 10_000 });
    }
    await expectAllPaid(await placeSome(10));
  });

  it('of the payment before the reservation still leads to PAID', { timeout: 120_000 }, async () => {
    // The first delay stops the consumer of the order service until all events of the saga are on the topics. Then the second delay
    // slows the handling of the reservation, which is concurrent with the handling of the payment.
    const delay = { point: 'before-handling', action: 'delay' };
    await arm('order', { ...delay, actor: 'event:inventory.product_changed', delayMs: 4_000 });
    await arm('order', { ...delay, actor: 'event:inventory.reserved', delayMs: 3_000 });
    const changed = { as: 'seller', method: 'PATCH', body: { name: 'Renamed' } } as const;
    await call('inventory', `/api/v1/products/${testProduct.id}`, changed);
    const [id = ''] = await placeSome(1);
    await expectAllPaid([id]);
    const history = await query(
      'order',
      (sql) => sql`select type, outcome, status from order_events where order_id = ${id} order by sequence`,
    );
    expect(history).toEqual([
      { type: 'place_order', outcome: 'accepted', status: 'PENDING' },
      { type: 'payment.succeeded', outcome: 'accepted', status: 'PENDING' },
      { type: 'inventory.reserved', outcome: 'accepted', status: 'CONFIRMED' },
      { type: 'inventory.reserved', outcome: 'accepted', status: 'PAID' },
    ]);
  });
});

describe('the faults API', () => {
  it('arms nothing without the token', async () => {
    const fault = { point: 'after-claim', action: 'crash' };
    const headers = { 'x-chaos-token': 'a guess that is long enough' };
    expect((await call('order', '/chaos/faults', { body: fault, headers })).status).toBe(403);
    expect((await call('order', '/chaos/faults', { body: fault })).status).toBe(400);
  });
});
