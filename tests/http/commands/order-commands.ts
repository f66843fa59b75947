// The commands for orders, in each state.
import { decide, type OrderCommand } from '../../../services/order/domain/decide.ts';
import type { Fulfilment, Order } from '../../../services/order/domain/order.ts';
import { reemit } from '../../../services/order/domain/reemit.ts';
import { orderProblems } from '../../../services/order/http/api.ts';
import type { Role } from '../../../services/platform/http/endpoint/permissions.ts';
import { now, orderId, owner, row, total, type Row } from './row.ts';

const order = (
  facts: Partial<Order>,
  lines: readonly [Fulfilment, Fulfilment] = ['open', 'open'],
): Order => ({
  id: orderId,
  customerId: owner,
  items: lines.map((fulfilment, index) => ({
    productId: `product-${index}`,
    sellerId: index === 0 ? owner : 'another seller',
    name: 'Thing',
    quantity: 1,
    unitPrice: { amountMinor: 1_000, currency: 'EUR' },
    fulfilment,
  })),
  total,
  reservation: { state: 'pending', expiresAt: null },
  payment: { mode: 'MANUAL', method: 'card', token: null, state: 'none' },
  cancellation: null,
  version: 1,
  createdAt: now,
  updatedAt: now,
  ...facts,
});
const money = (state: Order['payment']['state']): Order['payment'] => ({ ...order({}).payment, state });
const pinned = { reservation: { state: 'reserved', expiresAt: null }, payment: money('succeeded') } as const;
const orders = {
  PENDING: order({}),
  CONFIRMED: order({ reservation: { state: 'reserved', expiresAt: now } }),
  PAID: order(pinned),
  'PAID, confirmed': order(pinned, ['confirmed', 'open']),
  'PAID, partly shipped': order(pinned, ['shipped', 'open']),
  FULFILLED: order(pinned, ['shipped', 'shipped']),
  'CANCELLED by the customer': order({ cancellation: 'customer_cancelled' }),
  'CANCELLED after a decline': order({ cancellation: 'payment_failed', payment: money('failed') }),
  'CANCELLED and refunded': order({
    ...pinned,
    cancellation: 'customer_cancelled',
    payment: money('refunded'),
  }),
};
const orderCommand = (
  allowedRole: Role,
  command: (as: string) => OrderCommand,
): Omit<Row<Order>, 'answers'> => ({
  allowedRole,
  problems: orderProblems,
  states: orders,
  decide: (state, as) => decide(command(as), state),
  answerToOther: '404 not_found',
});
const everyCancelled = (answer: string) => ({
  'CANCELLED by the customer': answer,
  'CANCELLED after a decline': answer,
  'CANCELLED and refunded': answer,
});
const notPaid = '409 illegal_transition';

export const orderCommands = {
  'orders.cancel': row({
    ...orderCommand('USER', (customerId) => ({ type: 'cancel', customerId, at: now })),
    answers: {
      PENDING: 'accepted',
      CONFIRMED: 'accepted',
      PAID: 'accepted',
      'PAID, confirmed': 'accepted',
      'PAID, partly shipped': '409 already_shipped',
      FULFILLED: '409 already_shipped',
      ...everyCancelled('ignored: already_cancelled'),
    },
  }),
  'orders.confirm': row({
    ...orderCommand('SELLER', (sellerId) => ({ type: 'confirm', sellerId, at: now })),
    answers: {
      PENDING: notPaid,
      CONFIRMED: notPaid,
      PAID: 'accepted',
      'PAID, confirmed': 'ignored: already_confirmed',
      'PAID, partly shipped': 'ignored: already_confirmed',
      FULFILLED: 'ignored: already_confirmed',
      ...everyCancelled(notPaid),
    },
  }),
  'orders.fulfill': row({
    ...orderCommand('SELLER', (sellerId) => ({ type: 'fulfill', sellerId, at: now })),
    answers: {
      PENDING: notPaid,
      CONFIRMED: notPaid,
      PAID: 'accepted',
      'PAID, confirmed': 'accepted',
      'PAID, partly shipped': 'ignored: already_shipped',
      FULFILLED: 'ignored: already_shipped',
      ...everyCancelled(notPaid),
    },
  }),
  'orders.repair': row({
    allowedRole: 'ADMIN',
    problems: orderProblems,
    states: orders,
    decide: reemit,
    answers: Object.fromEntries(Object.keys(orders).map((state) => [state, 'accepted'])),
  }),
};
