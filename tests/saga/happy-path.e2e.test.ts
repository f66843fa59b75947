// Orders from HTTP to FULFILLED, through three outboxes, Debezium and Kafka.
import { describe, expect, it } from 'vitest';
import { expectInvariants } from '../support/invariants.ts';
import {
  act,
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

describe('an order that is charged automatically', () => {
  it('is reserved, charged once, PAID and shipped by its seller, and the stock is reduced', async () => {
    const testProduct = await newProduct(5);
    const placed = await place({ items: [{ productId: testProduct.id, quantity: 2 }] });
    expect(placed).toMatchObject({
      status: 'PENDING',
      total: { amountMinor: 2_000, currency: 'EUR' },
      reservation: { state: 'pending', expiresAt: null },
      payment: { mode: 'AUTO', state: 'pending' },
    });
    const paid = await orderWith(placed.id, 'PAID');
    expect(paid).toMatchObject({
      reservation: { state: 'reserved', expiresAt: null },
      payment: { state: 'succeeded' },
    });
    expect(await chargesOf(placed.id)).toMatchObject([{ amountMinor: 2_000, status: 'succeeded' }]);
    expect(await product(testProduct.id)).toMatchObject({ available: 5, reserved: 2, free: 3 });

    expect((await act(placed.id, 'confirm', 'seller')).status).toBe(200);
    expect((await act(placed.id, 'fulfill', 'seller')).body).toMatchObject({ status: 'FULFILLED' });
    await eventually('the stock is committed', async () => (await product(testProduct.id)).available === 3);
    expect(await product(testProduct.id)).toMatchObject({ available: 3, reserved: 0, free: 3 });
    await eventually(
      'the order service knows that the stock is committed',
      async () => (await order(placed.id)).reservation.state === 'committed',
    );
    await expectInvariants([placed.id]);
  });

  it('has a history in which every entry has the correlation id of the request', async () => {
    const testProduct = await newProduct(1);
    const correlationId = `history-${testProduct.id}`;
    const { body: placed } = await call('order', '/api/v1/orders', {
      as: 'user',
      headers: { 'x-correlation-id': correlationId },
      body: {
        items: [{ productId: testProduct.id, quantity: 1 }],
        payment: { mode: 'AUTO', method: 'card', token: 'tok_success' },
      },
    });
    const { id } = await orderWith(Object(placed).id, 'PAID');
    const { body } = await call('order', `/api/v1/orders/${id}/history`, { as: 'user' });
    const history: Record<string, unknown>[] = Object(body).data;
    expect(history[0]).toMatchObject({ type: 'place_order', status: 'PENDING' });
    // Events of different topics can be handled in another sequence than they were emitted.
    const reactions = history.slice(1).map(({ type }) => String(type));
    expect(reactions.sort()).toEqual(['inventory.reserved', 'inventory.reserved', 'payment.succeeded']);
    expect(history.every(({ outcome }) => outcome === 'accepted')).toBe(true);
    expect(history.at(-1)).toMatchObject({ status: 'PAID' });
    expect(new Set(history.map((entry) => entry['correlationId']))).toEqual(new Set([correlationId]));
  });
});

describe('a MANUAL order', () => {
  it('stays CONFIRMED until it is paid, and is charged once, however often the payment request is sent', async () => {
    const testProduct = await newProduct(3);
    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    const confirmed = await orderWith(id, 'CONFIRMED');
    expect(confirmed.payment.state).toBe('none');
    expect(confirmed.reservation.expiresAt).not.toBeNull();
    expect(await chargesOf(id)).toEqual([]);

    // The payment service may receive the reservation event later than the order service.
    await eventually('the payment is accepted', async () => (await pay(id)).status < 300);
    await Promise.all(Array.from({ length: 5 }, () => pay(id)));
    await orderWith(id, 'PAID');
    expect(await chargesOf(id)).toHaveLength(1);
    expect((await call('payment', `/api/v1/payments/${id}`, { as: 'user' })).body).toMatchObject({
      state: 'SUCCEEDED',
      attempts: [{ state: 'succeeded', calls: 1 }],
      refunds: [],
    });
    await expectInvariants([id]);
  });
});

describe('an order of several sellers', () => {
  it('is FULFILLED when the last seller ships; each seller sees and ships only their own lines', async () => {
    const [mine, theirs] = [await newProduct(5, 'seller'), await newProduct(5, 'seller2')];
    const { id } = await place({
      items: [
        { productId: theirs.id, quantity: 1 },
        { productId: mine.id, quantity: 1 },
        { productId: mine.id, quantity: 2 },
      ],
    });
    await orderWith(id, 'PAID');
    const sellerView = await order(id, 'seller');
    expect(sellerView.items.map((item) => item.productId)).toEqual([mine.id, mine.id]);
    expect(sellerView.total.amountMinor).toBe(3_000);

    expect((await act(id, 'fulfill', 'seller')).body).toMatchObject({ status: 'PAID' });
    expect((await act(id, 'fulfill', 'seller')).status).toBe(200);
    expect((await order(id)).items.map((item) => item.fulfilment)).toEqual(['open', 'shipped', 'shipped']);
    expect((await act(id, 'fulfill', 'seller2')).body).toMatchObject({ status: 'FULFILLED' });
    await eventually('the stock is committed', async () => (await product(mine.id)).available === 2);
    await eventually('the stock is committed', async () => (await product(theirs.id)).available === 4);
    await expectInvariants([id]);
  });
});
