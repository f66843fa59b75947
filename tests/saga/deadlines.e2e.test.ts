// The timers of the saga: an unpaid reservation expires, and a waiting order is cancelled at its deadline.
import { describe, expect, it } from 'vitest';
import { expectInvariants } from '../support/invariants.ts';
import {
  call,
  chargesOf,
  eventually,
  newProduct,
  order,
  orderOne,
  orderWith,
  pay,
  place,
  product,
} from '../support/shop.ts';
import { ageOrder, expireReservation } from '../support/time.ts';

describe('a MANUAL order that nobody pays for', () => {
  it('is CANCELLED when its reservation expires; its stock is released, and it can no longer be paid', async () => {
    const testProduct = await newProduct(1);
    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    await orderWith(id, 'CONFIRMED');
    expect(await expireReservation(id)).toHaveLength(1);
    expect(await orderWith(id, 'CANCELLED')).toMatchObject({
      cancellationReason: 'reservation_expired',
      reservation: { state: 'expired' },
    });
    expect(await product(testProduct.id)).toMatchObject({ reserved: 0, free: 1 });
    await eventually('the order cannot be paid any more', async () => {
      return (await pay(id)).status === 409;
    });
    expect(await chargesOf(id)).toEqual([]);
    await expectInvariants([id]);
  });
});

describe('the deadline of the saga', () => {
  it('cancels an order that is still waiting, and its stock is released', async () => {
    const testProduct = await newProduct(1);
    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    await orderWith(id, 'CONFIRMED');
    expect(await ageOrder(id)).toHaveLength(1);
    expect(await orderWith(id, 'CANCELLED')).toMatchObject({ cancellationReason: 'reservation_expired' });
    await eventually('its stock is free again', async () => (await product(testProduct.id)).free === 1);
    const { body } = await call('order', `/api/v1/orders/${id}/history`, { as: 'admin' });
    expect(Object(body).data).toContainEqual(
      expect.objectContaining({ type: 'deadline', actor: 'deadline-sweep', outcome: 'accepted' }),
    );
    await expectInvariants([id]);
  });

  it('does not change a PAID order', async () => {
    const testProduct = await newProduct(2);
    const items = [{ productId: testProduct.id, quantity: 1 }];
    const { id } = await place({ items });
    await orderWith(id, 'PAID');
    await ageOrder(id);
    // A second, later order is also past its deadline. Once that order is CANCELLED, a sweep has run while both were
    // overdue.
    const { id: waiting } = await place({ items, mode: 'MANUAL' });
    await orderWith(waiting, 'CONFIRMED');
    await ageOrder(waiting);
    await orderWith(waiting, 'CANCELLED');
    expect((await order(id)).status).toBe('PAID');
    await expectInvariants([id, waiting]);
  });
});
