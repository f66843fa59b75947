// Two races, many at once: the expiry of a reservation against the payment, and the cancellation against the charge. Either may
// win, but money without stock or stock without money must never be the result.
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { random } from '../../services/gateway/behaviour.ts';
import { expectAuditorGreen } from '../support/audit.ts';
import { stopInstance, killInstancesAfterEach, startInstance } from '../support/instances.ts';
import { expectInvariants } from '../support/invariants.ts';
import {
  act,
  eventually,
  faultRounds,
  inParallel,
  netChargeOf,
  newProduct,
  order,
  orderOne,
  orderWith,
  pay,
  payment,
  product,
  query,
  stack,
  whileGateway,
  type OrderView,
} from '../support/shop.ts';

killInstancesAfterEach();

const finalOrder = (id: string): Promise<OrderView> =>
  eventually(
    `${id} is PAID or CANCELLED`,
    async () => {
      const seen = await order(id);
      if (seen.status !== 'PAID' && seen.status !== 'CANCELLED') throw new Error(JSON.stringify(seen));
      return seen;
    },
    90_000,
  );

/** Each order is PAID with its stock pinned and its money kept, or CANCELLED with no stock held and no money kept. */
async function expectWholeOrNothing(ends: readonly OrderView[], productId: string): Promise<void> {
  const ids = ends.map(({ id }) => id);
  // Refunds are made after the order is CANCELLED.
  await expectAuditorGreen();
  await expectInvariants(ids);
  const reservations = await query<{ order_id: string; state: string }>(
    'inventory',
    (sql) => sql`select order_id, state from reservations where order_id in ${sql(ids)}`,
  );
  for (const { id, status, total } of ends) {
    const hold = reservations.find((row) => row.order_id === id)?.state;
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

describe('payments around the expiry of the reservation', () => {
  const customers = faultRounds > 1 ? 300 : 48;
  const ttlMs = 4_000;
  const latencyMs = 1_000;

  it(
    `${customers} customers: each order is either PAID with its stock, or CANCELLED without a charge`,
    { timeout: 600_000 },
    async () => {
      const thing = await newProduct(customers);
      // Beside the instance of the stack: most reservations are short, the others must be kept.
      const settings = { RESERVATION_TTL_SECONDS: String(ttlMs / 1_000) };
      const shortTtl = await Promise.all([
        startInstance('inventory', settings),
        startInstance('inventory', settings),
      ]);

      const ends = await whileGateway({ mode: 'slow', latencyMs }, () =>
        inParallel(customers, 12, async (index) => {
          // Some are charged at once, well before the reservation expires.
          const mode = index % 4 === 0 ? 'AUTO' : 'MANUAL';
          const { id, status } = await orderOne(thing.id, { mode });
          const { reservation } = await eventually(`${id} is reserved`, async () => {
            const seen = await order(id);
            return seen.status !== status && seen;
          });
          // Null: the reservation has ended or is already pinned.
          const expiresAt = reservation.expiresAt === null ? Date.now() : Date.parse(reservation.expiresAt);
          const isShort = expiresAt - Date.now() <= ttlMs;
          if (mode === 'MANUAL') {
            // The charge succeeds between 1.2 s before and 0.8 s after the expiry.
            const chargedAt = expiresAt - 1_200 + random(stack.seed, index) * 2_000;
            if (isShort) await delay(Math.max(0, chargedAt - latencyMs - Date.now()));
            await eventually(`the payment of ${id} is accepted, or the order is CANCELLED`, async () => {
              const paid = await pay(id);
              if (paid.status === 202) return true;
              // The payment service does not know the order or its reservation yet, or the reservation has ended.
              expect([404, 409], JSON.stringify(paid.body)).toContain(paid.status);
              return (await order(id)).status === 'CANCELLED';
            });
          }
          return { isShort, end: await finalOrder(id) };
        }),
      );
      expect(await Promise.all(shortTtl.map((child) => stopInstance(child, 'SIGTERM')))).toEqual([0, 0]);

      await expectWholeOrNothing(
        ends.map(({ end }) => end),
        thing.id,
      );
      const short = ends.filter(({ isShort }) => isShort).map(({ end }) => end);
      const lost = short.filter(({ status }) => status === 'CANCELLED');
      expect(new Set(lost.map((end) => end.cancellationReason))).toEqual(new Set(['reservation_expired']));
      expect(lost.length, `some of ${short.length} short reservations are paid in time`).toBeLessThan(
        short.length,
      );
      for (const { isShort, end } of ends) if (!isShort) expect(end.status).toBe('PAID');
    },
  );
});

describe('cancellations around the charge', () => {
  const customers = faultRounds > 1 ? 300 : 64;

  it(
    `${customers} customers: cancelled orders cost nothing, the others are PAID with their stock`,
    { timeout: 600_000 },
    async () => {
      const thing = await newProduct(customers);
      const chargeStarted = (id: string) =>
        eventually('the charge has started', async () => (await payment(id)).attempts.length > 0);
      /** When to cancel: at once, at a random time, when the charge starts, after that, once it is PAID; or never. */
      const moments: readonly ((id: string, index: number) => Promise<unknown>)[] = [
        () => Promise.resolve(),
        (_, index) => delay(random(stack.seed, index) * 600),
        (id) => chargeStarted(id),
        async (id, index) => {
          await chargeStarted(id);
          await delay(random(stack.seed, index) * 300);
        },
        (id) => orderWith(id, 'PAID'),
      ];

      const ends = await whileGateway({ mode: 'slow', latencyMs: 150 }, () =>
        inParallel(customers, 16, async (index) => {
          const { id } = await orderOne(thing.id);
          const moment = moments[index % (moments.length + 1)];
          if (moment) {
            await moment(id, index);
            expect((await act(id, 'cancel', 'user')).status).toBe(200);
          }
          return { wanted: moment === undefined, end: await finalOrder(id) };
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
      // Both outcomes of the race occurred.
      const cancelledIds = ends.filter(({ wanted }) => !wanted).map(({ end }) => end.id);
      const states = await inParallel(
        cancelledIds.length,
        8,
        async (index) => (await payment(cancelledIds[index] ?? '')).state,
      );
      expect(states).toContain('REFUNDED');
      expect(states.filter((state) => state !== 'REFUNDED').length).toBeGreaterThan(0);
    },
  );
});
