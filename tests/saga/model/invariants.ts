// The invariants of the saga: some must hold after every step, the others once no event and no gateway request is in flight.
import type { Reservation } from '../../../services/inventory/domain/reservation.ts';
import { statusOf, type Order } from '../../../services/order/domain/order.ts';
import { newPayment } from '../../../services/payment/domain/payment.ts';
import type { ModelState } from './state.ts';
import { contradiction, allowedTransitions, type OrderHistory } from './final-states.ts';
import { initialUnits } from './steps.ts';
import { assertHolds } from './violation.ts';

/** Checks the invariants that must hold after every step, and stores the status of each order for the next check. */
export const checkAlways = ({
  orders,
  reservations,
  stock,
  charges,
  refunds,
  lastStatus,
  cancelledForInventory,
}: ModelState): void => {
  for (const [productId, { available, reserved }] of stock) {
    assertHolds(0 <= reserved && reserved <= available, `0 ≤ reserved ≤ available of ${productId}`);
    const units = (...states: readonly Reservation['state'][]): number =>
      [...reservations.values()]
        .filter(({ state }) => states.includes(state))
        .flatMap(({ items }) => items)
        .reduce((sum, item) => sum + (item.productId === productId ? item.quantity : 0), 0);
    assertHolds(
      reserved === units('reserved', 'pinned'),
      `the reserved units of ${productId} equal the units of its reservations`,
    );
    assertHolds(
      (initialUnits.get(productId) ?? 0) === available + units('committed'),
      `no unit of ${productId} appears or vanishes`,
    );
  }
  for (const [orderId, order] of orders) {
    const status = statusOf(order);
    const previous = lastStatus.get(orderId) ?? 'PENDING';
    assertHolds(
      allowedTransitions[previous].includes(status),
      `${orderId} does not go from ${previous} to ${status}`,
    );
    if (previous === 'PAID' && status === 'CANCELLED') {
      assertHolds(
        order.cancellation === 'customer_cancelled',
        `only the customer cancels ${orderId} once it is PAID`,
      );
    }
    const shipped = order.items.some(({ fulfilment }) => fulfilment === 'shipped');
    assertHolds(
      !shipped || status === 'PAID' || status === 'FULFILLED',
      `${orderId} is partly shipped, so it is PAID or FULFILLED (it is ${status})`,
    );
    lastStatus.set(orderId, status);
    const successful = [...charges.values()].filter(
      (charge) => charge.orderId === orderId && !charge.declined,
    );
    const refunded = [...refunds.values()].filter(({ chargeId }) =>
      successful.some(({ id }) => id === chargeId),
    );
    const sum = (entries: readonly { readonly amount: number }[]): number =>
      entries.reduce((total, entry) => total + entry.amount, 0);
    assertHolds(
      successful.length <= 1 && refunded.length <= 1,
      `${orderId} is charged and refunded at most once`,
    );
    assertHolds(sum(refunded) <= sum(successful), `no more is refunded for ${orderId} than was charged`);
    if (status !== 'PAID' && status !== 'FULFILLED') continue;
    assertHolds(
      sum(successful) - sum(refunded) === order.total.amountMinor,
      `${orderId} is ${status}, so its total is charged`,
    );
    const { state } = reservations.get(orderId) ?? { state: 'nothing' };
    const isPinned = state === 'pinned' || (status === 'FULFILLED' && state === 'committed');
    assertHolds(isPinned, `${orderId} is ${status}, so its stock is pinned (the reservation is ${state})`);
  }
  for (const orderId of cancelledForInventory) {
    const { state } = reservations.get(orderId) ?? { state: 'nothing' };
    assertHolds(
      state !== 'reserved' && state !== 'pinned',
      `no stock is reserved for ${orderId}, which is cancelled`,
    );
  }
  assertHolds(
    [...refunds.values()].every(({ chargeId }) => [...charges.values()].some(({ id }) => id === chargeId)),
    'every refund belongs to a charge',
  );
};

const historyOf = (
  { effects, charges }: ModelState,
  orderId: string,
  { items, payment }: Order,
): OrderHistory => {
  const effect = effects.get(orderId) ?? new Set();
  const sellers = new Set(items.map(({ sellerId }) => sellerId));
  return {
    mode: payment.mode,
    sellers,
    shippedBy: new Set([...sellers].filter((seller) => effect.has(`shipped by ${seller}`))),
    cancelled: effect.has('cancel'),
    paid: effect.has('pay'),
    declined: [...charges.values()].some((charge) => charge.orderId === orderId && charge.declined),
    expired: effect.has('expire') || effect.has('deadline'),
  };
};

/** Checks the invariants that must hold once every event is handled and every gateway request has a response. */
export const checkWhenDrained = (model: ModelState, deadLetters: number): void => {
  const { orders, reservations, payments, charges, refunds } = model;
  assertHolds(deadLetters === 0, 'every dead letter has been replayed');
  let expectedTotal = 0;
  for (const [orderId, order] of orders) {
    const status = statusOf(order);
    const impossible = contradiction(historyOf(model, orderId, order), {
      status,
      reason: order.cancellation,
    });
    assertHolds(
      impossible === undefined,
      `${orderId} is ${status} (${String(order.cancellation)}), but ${String(impossible)}`,
    );
    const { charge, refund } = payments.get(orderId) ?? newPayment(orderId, order.createdAt);
    const { state } = reservations.get(orderId) ?? { state: 'nothing' };
    if (status === 'CANCELLED') {
      assertHolds(
        charge !== 'succeeded' || refund === 'succeeded',
        `${orderId} is CANCELLED, so no money is kept`,
      );
      assertHolds(charge !== 'started', `the charge of ${orderId} has an outcome`);
      assertHolds(
        ['released', 'expired', 'failed'].includes(state),
        `${orderId} is CANCELLED, so its stock is not reserved (the reservation is ${state})`,
      );
      assertHolds(
        refund !== 'succeeded' || order.payment.state === 'refunded',
        `the order service knows that ${orderId} was refunded (its order has the payment state ${order.payment.state})`,
      );
    } else {
      expectedTotal += order.total.amountMinor;
    }
    if (status === 'FULFILLED') assertHolds(state === 'committed', `the stock of ${orderId} is committed`);
  }
  const chargedTotal = [...charges.values()].reduce(
    (sum, { amount, declined }) => sum + (declined ? 0 : amount),
    0,
  );
  const refundedTotal = [...refunds.values()].reduce((sum, { amount }) => sum + amount, 0);
  assertHolds(
    chargedTotal - refundedTotal === expectedTotal,
    `charged − refunded is the total of the PAID and FULFILLED orders`,
  );
};
