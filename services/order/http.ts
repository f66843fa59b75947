// The order service's HTTP handlers. A route reads or hands one command to the shell; it decides nothing. Orders of somebody
// else do not exist for the caller: 404, so that ids cannot be probed.
import { z } from '@hono/zod-openapi';
import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { encodeCursor } from '../platform/cursor.ts';
import { handle, unclaimed, type Message, type Shell } from '../platform/handle.ts';
import { idempotencyClaim, type Answer } from '../platform/idempotency.ts';
import { repaired } from '../platform/repair.ts';
import { callerOf, messageContextOf, type App, type AppContext } from '../platform/request-context.ts';
import { positionIn } from '../platform/shapes.ts';
import { orderApi, orderStatus, orderView, problem } from './api.ts';
import type { OrderCommand } from './domain/decide.ts';
import { statusOf, type Order } from './domain/order.ts';
import type { PlaceOrder } from './domain/place-order.ts';
import {
  findOrder,
  listOrders,
  ordering,
  placing,
  readTrail,
  repairing,
  seenBy,
  type Viewer,
} from './store.ts';

/** The order as clients see it. The provider's token stays inside. */
export const toView = (order: Order): z.infer<typeof orderView> => ({
  id: order.id,
  customerId: order.customerId,
  status: statusOf(order),
  cancellationReason: order.cancellation,
  items: order.items.map((item) => ({ ...item, unitPrice: { ...item.unitPrice } })),
  total: { ...order.total },
  reservation: {
    state: order.reservation.state,
    expiresAt: order.reservation.expiresAt?.toISOString() ?? null,
  },
  payment: { mode: order.payment.mode, state: order.payment.state },
  version: order.version,
  createdAt: order.createdAt.toISOString(),
  updatedAt: order.updatedAt.toISOString(),
});

const etagOf = (order: Order): string => `"v${order.version}"`;

/** The scope of the permission table, as the rows know it. */
const viewerOf = (c: AppContext): Viewer => {
  const { scope, subject: id } = callerOf(c);
  switch (scope) {
    case 'all':
      return { as: 'admin' };
    case 'own lines':
      return { as: 'seller', id };
    case 'own':
      return { as: 'customer', id };
    default:
      return scope satisfies never;
  }
};

const maxTrail = 1_000;

/** Where a page of orders begins: after the last one of the page before. */
const orderPosition = z
  .tuple([z.iso.datetime(), z.uuid()])
  .transform(([createdAt, id]) => ({ createdAt: new Date(createdAt), id }));

/** Adds the order routes to an application. */
export function registerOrderRoutes(app: App, shell: Shell): void {
  app.openapi(orderApi.place, async (c) => {
    const { items, payment } = c.req.valid('json');
    const key = c.req.valid('header')['idempotency-key'];
    const { subject } = callerOf(c);
    const context = messageContextOf(c);
    const at = new Date();
    const { mode, method, token = null } = payment;
    const message: Message<PlaceOrder> = {
      id: context.causationId,
      context,
      at,
      input: {
        type: 'place_order',
        orderId: uuidv7(),
        customerId: subject,
        items,
        payment: { mode, method, token },
        at,
      },
    };
    const answer = (order: Order): Answer => ({
      status: 201,
      body: toView(order),
      headers: { location: `/api/v1/orders/${order.id}`, etag: etagOf(order) },
    });
    const claim =
      key === undefined
        ? unclaimed
        : idempotencyClaim<Order>({
            scope: `${subject} POST /api/v1/orders`,
            key,
            fingerprint: createHash('sha256')
              .update(JSON.stringify([items, payment]))
              .digest('hex'),
            answer,
          });
    const handled = await handle(shell, placing, message, claim);
    switch (handled.kind) {
      case 'duplicate': {
        const { body, headers } = handled.prior;
        return c.json(orderView.parse(body), 201, { ...headers, 'idempotent-replayed': 'true' });
      }
      case 'accepted': {
        const { headers } = answer(handled.state);
        return c.json(toView(handled.state), 201, headers);
      }
      case 'ignored':
        throw new Error(`placing an order was ignored: ${handled.reason}`);
      default:
        return handled satisfies never;
    }
  });

  app.openapi(orderApi.list, async (c) => {
    const { status, limit, cursor } = c.req.valid('query');
    const after = positionIn(cursor, orderPosition);
    const viewer = viewerOf(c);
    // One more than asked for tells whether there is a next page.
    const found = await listOrders(shell.db, { viewer, status, limit: limit + 1, after });
    const data = found.slice(0, limit).map(({ order, status: of }) => ({ ...toView(order), status: of }));
    const last = data.at(-1);
    const nextCursor = found.length > limit && last ? encodeCursor(last.createdAt, last.id) : null;
    return c.json({ data, nextCursor }, 200);
  });

  app.openapi(orderApi.read, async (c) => {
    const found = await findOrder(shell.db, c.req.valid('param').id, viewerOf(c));
    if (!found) throw problem('not_found');
    return c.json({ ...toView(found.order), status: found.status }, 200, { etag: etagOf(found.order) });
  });

  app.openapi(orderApi.history, async (c) => {
    const viewer = viewerOf(c);
    const { id } = c.req.valid('param');
    if (!(await findOrder(shell.db, id, viewer))) throw problem('not_found');
    const trail = await readTrail(shell.db, id, maxTrail);
    const data = trail.map(({ sequence: _, orderId: __, occurredAt, recordedAt, status, ...entry }) => ({
      ...entry,
      status: orderStatus.parse(status),
      occurredAt: occurredAt.toISOString(),
      recordedAt: recordedAt.toISOString(),
    }));
    return c.json({ data }, 200);
  });

  const act = async (c: AppContext, id: string, input: OrderCommand) => {
    const context = messageContextOf(c);
    const message = { id: context.causationId, context, at: input.at, input: { orderId: id, input } };
    const handled = await handle(shell, ordering, message, unclaimed);
    if (handled.kind === 'duplicate') return handled.prior;
    if (!handled.state) throw problem('not_found');
    const order = seenBy(viewerOf(c), handled.state);
    return { view: { ...toView(order), status: statusOf(handled.state) }, headers: { etag: etagOf(order) } };
  };

  app.openapi(orderApi.cancel, async (c) => {
    const { subject: customerId } = callerOf(c);
    const { view, headers } = await act(c, c.req.valid('param').id, {
      type: 'cancel',
      customerId,
      at: new Date(),
    });
    return c.json(view, 200, headers);
  });

  for (const type of ['confirm', 'fulfill'] as const) {
    app.openapi(orderApi[type], async (c) => {
      const { subject: sellerId } = callerOf(c);
      const { view, headers } = await act(c, c.req.valid('param').id, { type, sellerId, at: new Date() });
      return c.json(view, 200, headers);
    });
  }

  app.openapi(orderApi.repair, async (c) => {
    const { id } = c.req.valid('param');
    const { reason } = c.req.valid('json');
    const context = messageContextOf(c);
    const message = { id: context.causationId, context, at: new Date(), input: { orderId: id, reason } };
    const handled = await handle(shell, repairing, message, unclaimed);
    if (handled.kind === 'duplicate') return handled.prior;
    return c.json(repaired(id, handled), 200);
  });
}
