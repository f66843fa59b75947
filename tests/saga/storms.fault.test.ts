// Two races that a shop runs all day, many at once and around the very instant: the end of a hold against the payment, and
// the customer's change of mind against the charge. Either may win, order by order; what must never be is a mixture, money
// without stock or stock without money.
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { random } from '../../services/gateway/behaviour.ts';
import { expectAuditorGreen } from '../support/audit.ts';
import { endInstance, endInstancesAfterEach, startInstance } from '../support/instances.ts';
import { expectInvariants } from '../support/invariants.ts';
import {
  act,
  eventually,
  faultRounds,
  inParallel,
  netChargeOf,
  newProduct,
  order,
  orderWith,
  pay,
  payment,
  place,
  product,
  query,
  stack,
  whileGateway,
  type OrderView,
} from '../support/shop.ts';

endInstancesAfterEach();

const ended = (id: string): Promise<OrderView> =>
  eventually(
    `${id} has come to its end`,
    async () => {
      const seen = await order(id);
      if (seen.status !== 'PAID' && seen.status !== 'CANCELLED') throw new Error(JSON.stringify(seen));
      return seen;
    },
    90_000,
  );

/** PAID with its stock pinned and its money kept, or CANCELLED with nothing held and nothing kept; nothing in between. */
async function expectWholeOrNothing(ends: readonly OrderView[], productId: string): Promise<void> {
  const ids = ends.map(({ id }) => id);
  // Refunds are made after the order is CANCELLED.
  await expectAuditorGreen();
  await expectInvariants(ids);
  const holds = await query<{ order_id: string; state: string }>(
    'inventory',
    (sql) => sql`select order_id, state from reservations where order_id in ${sql(ids)}`,
  );
  for (const { id, status, total } of ends) {
    const hold = holds.find((row) => row.order_id === id)?.state;
    const kept = await netChargeOf(id);
    if (status === 'PAID')
      expect({ id, hold, kept }).toEqual({ id, hold: 'pinned', kept: total.amountMinor });
    else
      expect({ id, kept, isHeld: hold === 'pinned' || hold === 'reserved' }).toEqual({
        id,
        kept: 0,
        isHeld: false,
      });
  }
  const paid = ends.filter(({ status }) => status === 'PAID').length;
  expect((await product(productId)).reserved).toBe(paid);
}

describe('payments that land when the hold ends', () => {
  const customers = faultRounds > 1 ? 300 : 48;
  const ttlMs = 4_000;
  const latencyMs = 1_000;

  it(
    `${customers} customers: each has the goods and has paid, or has neither`,
    { timeout: 600_000 },
    async () => {
      const thing = await newProduct(customers);
      // Beside the one of the stack, so that most orders have a short hold and the others show that a long one is kept.
      const settings = { RESERVATION_TTL_SECONDS: String(ttlMs / 1_000) };
      const hasty = await Promise.all([
        startInstance('inventory', settings),
        startInstance('inventory', settings),
      ]);

      const ends = await whileGateway({ mode: 'slow', latencyMs }, () =>
        inParallel(customers, 12, async (index) => {
          // Some are charged at once, well before the end of the hold.
          const mode = index % 4 === 0 ? 'AUTO' : 'MANUAL';
          const { id, status } = await place({ items: [{ productId: thing.id, quantity: 1 }], mode });
          const { reservation } = await eventually(`${id} is reserved`, async () => {
            const seen = await order(id);
            return seen.status !== status && seen;
          });
          // Without an end: the hold has ended, or is pinned by now.
          const expiresAt = reservation.expiresAt === null ? Date.now() : Date.parse(reservation.expiresAt);
          const isShort = expiresAt - Date.now() <= ttlMs;
          if (mode === 'MANUAL') {
            // The money arrives between 1.2 s before the end of the hold and 0.8 s after it.
            const lands = expiresAt - 1_200 + random(stack.seed, index) * 2_000;
            if (isShort) await delay(Math.max(0, lands - latencyMs - Date.now()));
            await eventually(`${id} is paid for or over`, async () => {
              const paid = await pay(id);
              if (paid.status === 202) return true;
              // Payment does not know yet that the stock is held, or that there is an order; or the hold has ended.
              expect([404, 409], JSON.stringify(paid.body)).toContain(paid.status);
              return (await order(id)).status === 'CANCELLED';
            });
          }
          return { isShort, end: await ended(id) };
        }),
      );
      expect(await Promise.all(hasty.map((child) => endInstance(child, 'SIGTERM')))).toEqual([0, 0]);

      await expectWholeOrNothing(
        ends.map(({ end }) => end),
        thing.id,
      );
      const short = ends.filter(({ isShort }) => isShort).map(({ end }) => end);
      const lost = short.filter(({ status }) => status === 'CANCELLED');
      expect(new Set(lost.map((end) => end.cancellationReason))).toEqual(new Set(['reservation_expired']));
      expect(lost.length, `of ${short.length} short holds some payments came in time`).toBeLessThan(
        short.length,
      );
      for (const { isShort, end } of ends) if (!isShort) expect(end.status).toBe('PAID');
    },
  );
});

describe('customers who change their minds around the charge', () => {
  const customers = faultRounds > 1 ? 300 : 64;

  it(
    `${customers} customers: who cancelled has paid nothing, the others have the goods`,
    { timeout: 600_000 },
    async () => {
      const thing = await newProduct(customers);
      const underWay = (id: string) =>
        eventually('the charge is under way', async () => (await payment(id)).attempts.length > 0);
      /** When to cancel: at once, at any moment, while the charge is under way, once it is PAID; or not at all. */
      const moments: readonly ((id: string, index: number) => Promise<unknown>)[] = [
        () => Promise.resolve(),
        (_, index) => delay(random(stack.seed, index) * 600),
        (id) => underWay(id),
        async (id, index) => {
          await underWay(id);
          await delay(random(stack.seed, index) * 300);
        },
        (id) => orderWith(id, 'PAID'),
      ];

      const ends = await whileGateway({ mode: 'slow', latencyMs: 150 }, () =>
        inParallel(customers, 16, async (index) => {
          const { id } = await place({ items: [{ productId: thing.id, quantity: 1 }] });
          const moment = moments[index % (moments.length + 1)];
          if (moment) {
            await moment(id, index);
            expect((await act(id, 'cancel', 'user')).status).toBe(200);
          }
          return { wanted: moment === undefined, end: await ended(id) };
        }),
      );

      for (const { wanted, end } of ends) {
        expect(end).toMatchObject(
          wanted ? { status: 'PAID' } : { status: 'CANCELLED', cancellationReason: 'customer_cancelled' },
        );
      }
      await expectWholeOrNothing(
        ends.map(({ end }) => end),
        thing.id,
      );
      // Both halves of the race were run.
      const off = ends.filter(({ wanted }) => !wanted).map(({ end }) => end.id);
      const states = await inParallel(
        off.length,
        8,
        async (index) => (await payment(off[index] ?? '')).state,
      );
      expect(states).toContain('REFUNDED');
      expect(states.filter((state) => state !== 'REFUNDED').length).toBeGreaterThan(0);
    },
  );
});
