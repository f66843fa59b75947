// The saga during an outage of the payment gateway: payments wait, everything else continues, and no operator has to intervene.
import { describe, expect, it } from 'vitest';
import { expectInvariants } from '../support/invariants.ts';
import {
  act,
  call,
  chargesOf,
  circuit,
  eventually,
  inParallel,
  netChargeOf,
  newProduct,
  orderOne,
  orderWith,
  pay,
  payment,
  paymentWith,
  place,
  query,
  whileGateway,
} from '../support/shop.ts';

/** Waits until the circuit opens after `openedAt`: for the first time, or again after a failed probe. */
const openedAfter = (openedAt: string | null) =>
  eventually('the circuit opens', async () => {
    const seen = await circuit();
    return seen.state === 'open' && seen.openedAt !== openedAt && seen;
  });

describe('an outage with 5xx responses', () => {
  it('opens the circuit: other orders continue, and the waiting payments are made after the outage', async () => {
    const testProduct = await newProduct(100);
    const items = [{ productId: testProduct.id, quantity: 1 }];
    const { id: paidBefore } = await place({ items });
    await orderWith(paidBefore, 'PAID');

    const { charged, cancelled, manual } = await whileGateway({ mode: 'error' }, async () => {
      const early = await inParallel(6, 6, () => place({ items }));
      const first = await openedAfter(null);
      // After a failed probe, the calls that were running when the circuit opened have ended, so none of the later payments is tried.
      const before = await openedAfter(first.openedAt);
      const late = await inParallel(3, 3, () => place({ items }));
      const { id: unpaid } = await place({ items, mode: 'MANUAL' });

      await Promise.all([...early, ...late].map(({ id }) => orderWith(id, 'CONFIRMED')));
      await orderWith(unpaid, 'CONFIRMED');
      expect((await act(paidBefore, 'fulfill', 'seller')).status).toBe(200);
      await orderWith(paidBefore, 'FULFILLED');

      const after = await openedAfter(before.openedAt);
      expect(after.waiting).toBeGreaterThanOrEqual(early.length + late.length);
      const probed = await openedAfter(after.openedAt);
      expect(probed.calls - after.calls, 'one probe only').toBe(1);
      // The probes were made with older requests, so the late payments wait without an attempt.
      for (const { id } of late) {
        expect((await payment(id)).attempts).toMatchObject([{ state: 'due', calls: 0 }]);
      }

      const [toCancel, ...rest] = early;
      if (!toCancel) throw new Error('no order was placed');
      expect((await act(toCancel.id, 'cancel', 'user')).status).toBe(200);
      await eventually('the payment service knows that the order is cancelled', async () => {
        const rows = await query(
          'payment',
          (sql) => sql`select 1 from payments where order_id = ${toCancel.id} and closed_by is not null`,
        );
        return rows.length === 1;
      });
      return { charged: [...rest, ...late].map(({ id }) => id), cancelled: toCancel.id, manual: unpaid };
    });

    await Promise.all(charged.map((id) => orderWith(id, 'PAID', 60_000)));
    for (const id of charged) expect(await chargesOf(id)).toHaveLength(1);
    expect(await paymentWith(cancelled, 'FAILED')).toMatchObject({ failureCode: 'not_attempted' });
    expect(await chargesOf(cancelled)).toEqual([]);
    expect((await circuit()).state).toBe('closed');
    expect((await pay(manual)).status).toBe(202);
    await orderWith(manual, 'PAID');
    await expectInvariants([paidBefore, cancelled, manual, ...charged]);
  }, 150_000);
});

describe('the circuit', () => {
  it('is shown to administrators only', async () => {
    expect((await call('payment', '/api/v1/gateway', { as: 'user' })).status).toBe(403);
    expect((await call('payment', '/api/v1/gateway')).status).toBe(401);
  });
});

describe('a charge that succeeds after the cancellation', () => {
  it('is refunded automatically, and the order stays CANCELLED', async () => {
    const testProduct = await newProduct(1);
    const id = await whileGateway({ mode: 'slow', latencyMs: 2_000 }, async () => {
      const placed = await orderOne(testProduct.id);
      await eventually(
        'the charge has started',
        async () => (await payment(placed.id)).attempts[0]?.calls === 1,
      );
      expect((await act(placed.id, 'cancel', 'user')).status).toBe(200);
      await eventually('the gateway has charged', async () => (await chargesOf(placed.id)).length === 1);
      return placed.id;
    });
    const refunded = await paymentWith(id, 'REFUNDED');
    expect(refunded.refunds).toMatchObject([{ state: 'succeeded' }]);
    expect(await netChargeOf(id)).toBe(0);
    expect(
      await eventually('the order service knows of the refund', async () => {
        const seen = await orderWith(id, 'CANCELLED');
        return seen.payment.state === 'refunded' && seen;
      }),
    ).toMatchObject({ cancellationReason: 'customer_cancelled' });
    await expectInvariants([id]);
  });
});
