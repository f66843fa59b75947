// Two races, each in many orders at once: a reservation expires during the payment, and an order is cancelled during the
// charge. Either side may win the race, but no order may end with a charge and without stock, or with stock and without a charge.
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
      const currentOrder = await order(id);
      if (currentOrder.status !== 'PAID' && currentOrder.status !== 'CANCELLED')
        throw new Error(JSON.stringify(currentOrder));
      return currentOrder;
    },
    90_000,
  );

/** Each order is PAID with pinned stock and the full charge, or CANCELLED without reserved stock and without a net charge. */
async function expectPaidOrCompensated(finalOrders: readonly OrderView[], productId: string): Promise<void> {
  const ids = finalOrders.map(({ id }) => id);
  // A refund is made only after the order is CANCELLED, so the check first waits for the auditor.
  await expectAuditorGreen();
  await expectInvariants(ids);
  const reservations = await query<{ order_id: string; state: string }>(
    'inventory',
    (sql) => sql`select order_id, state from reservations where order_id in ${sql(ids)}`,
  );
  for (const { id, status, total } of finalOrders) {
    const reservation = reservations.find((row) => row.order_id === id)?.state;
    const netCharge = await netChargeOf(id);
    if (status === 'PAID')
      expect({ id, reservation, netCharge }).toEqual({
        id,
        reservation: 'pinned',
        netCharge: total.amountMinor,
      });
    else
      expect({ id, netCharge, isReserved: reservation === 'pinned' || reservation === 'reserved' }).toEqual({
        id,
        netCharge: 0,
        isReserved: false,
      });
  }
  const paid = finalOrders.filter(({ status }) => status === 'PAID').length;
  expect((await product(productId)).reserved).toBe(paid);
}

describe('payments around the expiry of the reservation', () => {
  const customers = faultRounds > 1 ? 300 : 48;
  const ttlMs = 4_000;
  const latencyMs = 1_000;

  it(
    `leave each of ${customers} orders either PAID with its stock, or CANCELLED without a net charge`,
    { timeout: 600_000 },
    async () => {
      const testProduct = await newProduct(customers);
      // Two instances with a short reservation time run next to the instance of the stack. Most reservations are therefore short; the
      // reservations of the instance of the stack must not expire.
      const settings = { RESERVATION_TTL_SECONDS: String(ttlMs / 1_000) };
      const shortTtl = await Promise.all([
        startInstance('inventory', settings),
        startInstance('inventory', settings),
      ]);

      const finalOrders = await whileGateway({ mode: 'slow', latencyMs }, () =>
        inParallel(customers, 12, async (index) => {
          // Some orders are charged at once, well before the reservation expires.
          const mode = index % 4 === 0 ? 'AUTO' : 'MANUAL';
          const { id, status } = await orderOne(testProduct.id, { mode });
          const { reservation } = await eventually(`${id} is reserved`, async () => {
            const currentOrder = await order(id);
            return currentOrder.status !== status && currentOrder;
          });
          // `expiresAt` is null if the reservation has ended or is already pinned.
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

      await expectPaidOrCompensated(
        finalOrders.map(({ end }) => end),
        testProduct.id,
      );
      const shortOrders = finalOrders.filter(({ isShort }) => isShort).map(({ end }) => end);
      const expiredOrders = shortOrders.filter(({ status }) => status === 'CANCELLED');
      expect(new Set(expiredOrders.map((end) => end.cancellationReason))).toEqual(
        new Set(['reservation_expired']),
      );
      expect(
        expiredOrders.length,
        `some of ${shortOrders.length} short reservations are paid in time`,
      ).toBeLessThan(shortOrders.length);
      for (const { isShort, end } of finalOrders) if (!isShort) expect(end.status).toBe('PAID');
    },
  );
});

describe('cancellations around the charge', () => {
  const customers = faultRounds > 1 ? 300 : 64;

  it(
    `leave ${customers} orders without a net charge if they were cancelled, and otherwise PAID with their stock`,
    { timeout: 600_000 },
    async () => {
      const testProduct = await newProduct(customers);
      const chargeStarted = (id: string) =>
        eventually('the charge has started', async () => (await payment(id)).attempts.length > 0);
      /** When an order is cancelled: at once, after a random time, when its charge has started, a random time after the start of its charge,
       *  or once the order is PAID. Every sixth order is not cancelled. */
      const waits: readonly ((id: string, index: number) => Promise<unknown>)[] = [
        () => Promise.resolve(),
        (_, index) => delay(random(stack.seed, index) * 600),
        (id) => chargeStarted(id),
        async (id, index) => {
          await chargeStarted(id);
          await delay(random(stack.seed, index) * 300);
        },
        (id) => orderWith(id, 'PAID'),
      ];

      const finalOrders = await whileGateway({ mode: 'slow', latencyMs: 150 }, () =>
        inParallel(customers, 16, async (index) => {
          const { id } = await orderOne(testProduct.id);
          const waitToCancel = waits[index % (waits.length + 1)];
          if (waitToCancel) {
            await waitToCancel(id, index);
            expect((await act(id, 'cancel', 'user')).status).toBe(200);
          }
          return { isKept: waitToCancel === undefined, end: await finalOrder(id) };
        }),
      );

      for (const { isKept, end } of finalOrders) {
        expect(end).toMatchObject(
          isKept ? { status: 'PAID' } : { status: 'CANCELLED', cancellationReason: 'customer_cancelled' },
        );
      }
      await expectPaidOrCompensated(
        finalOrders.map(({ end }) => end),
        testProduct.id,
      );
      // Check that both outcomes of the race have occurred.
      const cancelledIds = finalOrders.filter(({ isKept }) => !isKept).map(({ end }) => end.id);
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
