// Compensation: after an order has failed, no stock is reserved and no money is kept.
import { describe, expect, it } from 'vitest';
import { expectInvariants } from '../support/invariants.ts';
import {
  act,
  call,
  chargesOf,
  eventually,
  newProduct,
  orderOne,
  orderWith,
  pay,
  place,
  product,
} from '../support/shop.ts';

describe('an order of more units than the stock has', () => {
  it('reserves nothing for any line, is not charged and is CANCELLED', async () => {
    const [plenty, short] = [await newProduct(10), await newProduct(1)];
    const { id } = await place({
      items: [
        { productId: plenty.id, quantity: 1 },
        { productId: short.id, quantity: 1 },
        { productId: short.id, quantity: 1 },
      ],
    });
    const cancelled = await orderWith(id, 'CANCELLED');
    expect(cancelled).toMatchObject({
      cancellationReason: 'reservation_failed',
      reservation: { state: 'failed' },
    });
    expect(await product(plenty.id)).toMatchObject({ reserved: 0, free: 10 });
    expect(await chargesOf(id)).toEqual([]);
    await expectInvariants([id]);
  });
});

describe('a declined payment', () => {
  it.each([
    ['tok_declined', 'card_declined'],
    ['tok_insufficient_funds', 'insufficient_funds'],
  ])('with %s releases the stock and cancels the order', async (token, failureCode) => {
    const testProduct = await newProduct(2);
    const { id } = await place({ items: [{ productId: testProduct.id, quantity: 2 }], token });
    const cancelled = await orderWith(id, 'CANCELLED');
    expect(cancelled).toMatchObject({ cancellationReason: 'payment_failed', payment: { state: 'failed' } });
    await eventually('the stock is free again', async () => (await product(testProduct.id)).free === 2);
    expect(await chargesOf(id)).toEqual([]);
    expect((await call('payment', `/api/v1/payments/${id}`, { as: 'user' })).body).toMatchObject({
      state: 'FAILED',
      failureCode,
    });
    await expectInvariants([id]);
  });
});

describe('paying again after a decline', () => {
  it('is refused with the state and the next step; a repetition of the first request gets the first response', async () => {
    const testProduct = await newProduct(1);
    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    await orderWith(id, 'CONFIRMED');
    const first = { token: 'tok_declined', headers: { 'idempotency-key': `first-${id}` } };
    const accepted = await eventually('the payment service knows the reservation', async () => {
      const answer = await pay(id, first);
      return answer.status === 409 ? undefined : answer;
    });
    expect(accepted.status).toBe(202);
    await orderWith(id, 'CANCELLED');
    expect(await pay(id)).toMatchObject({
      status: 409,
      body: {
        code: 'not_payable',
        detail: expect.stringMatching(/^The payment is FAILED \(card_declined\).* Place a new order\.$/),
      },
    });
    expect(await pay(id, first)).toMatchObject({ status: 202, body: accepted.body });
    expect(await chargesOf(id)).toEqual([]);
  });
});

describe('a cancellation by the customer', () => {
  it('releases the stock of a reserved order', async () => {
    const testProduct = await newProduct(1);
    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    await orderWith(id, 'CONFIRMED');
    expect((await act(id, 'cancel', 'user')).body).toMatchObject({
      status: 'CANCELLED',
      cancellationReason: 'customer_cancelled',
    });
    await eventually('the stock is free again', async () => (await product(testProduct.id)).free === 1);
    await eventually('the order cannot be paid any more', async () => {
      return (await pay(id)).status === 409;
    });
    await expectInvariants([id]);
  });

  it('releases the stock of a PAID order and refunds its charge', async () => {
    const testProduct = await newProduct(1);
    const { id } = await orderOne(testProduct.id);
    await orderWith(id, 'PAID');
    expect((await act(id, 'cancel', 'user')).status).toBe(200);
    await eventually('the payment is refunded', async () => {
      const { body } = await call('payment', `/api/v1/payments/${id}`, { as: 'user' });
      return Object(body).state === 'REFUNDED';
    });
    await eventually('the stock is free again', async () => (await product(testProduct.id)).free === 1);
    const { body } = await call('gateway', '/v1/ledger?limit=50000');
    const [charge] = await chargesOf(id);
    const refunds: Record<string, unknown>[] = Object(body).refunds;
    expect(refunds.filter((refund) => refund['chargeId'] === charge?.id)).toMatchObject([
      { amountMinor: 1_000 },
    ]);
  });
});

describe('a charge whose response is lost', () => {
  it('is requested again with the same key: the provider charges once, and the order is PAID', async () => {
    const testProduct = await newProduct(1);
    const { id } = await place({
      items: [{ productId: testProduct.id, quantity: 1 }],
      token: 'tok_charge_then_drop',
    });
    await orderWith(id, 'PAID');
    expect(await chargesOf(id)).toHaveLength(1);
    const { body } = await call('payment', `/api/v1/payments/${id}`, { as: 'user' });
    expect(Object(body).attempts[0].calls).toBeGreaterThan(1);
    await expectInvariants([id]);
  });
});
