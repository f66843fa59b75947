// The HTTP handlers of the order service. A route reads, or passes one command to `handle`; it decides nothing. For an order that
// the caller may not see the response is 404, so that ids cannot be probed.
import { z } from '@hono/zod-openapi';
import { v7 as uuidv7 } from 'uuid';
import { encodeCursor } from '../../platform/http/request/cursor.ts';
import { etagOf, isUnchanged } from '../../platform/http/request/etag.ts';
import { handle, type Message, type Shell } from '../../platform/transaction/handle.ts';
import { claimOf, replayHeaders } from '../../platform/http/request/idempotency-http.ts';
import type { Answer } from '../../platform/transaction/idempotency.ts';
import { answerRepair } from '../../platform/http/routes/repair.ts';
import {
  callerOf,
  addEntityIds,
  messageContextOf,
  entityIdFromPath,
  type App,
  type AppContext,
} from '../../platform/http/server/request-context.ts';
import { instant, positionIn } from '../../platform/http/request/shapes.ts';
import { isTransient } from '../../platform/database/transient.ts';
import { orderApi, orderStatus, orderView, problem } from './api.ts';
import type { OrderCommand } from '../domain/decide.ts';
import { statusOf, type Order } from '../domain/order.ts';
import type { PlaceOrder } from '../domain/place-order.ts';
import type { WaitUntilStable } from './order-wait.ts';
import { findOrder, limitToViewer, listOrders, readTrail, type OrderPage } from '../order-queries.ts';
import { orderHandler, placeOrderHandler, repairHandler } from '../store.ts';
import { viewerOf } from './viewer.ts';

type OrderView = z.infer<typeof orderView>;

/** The order as clients see it, without the payment token. */
const toView = (order: Order): OrderView => ({
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

const maxTrailEntries = 1_000;

const dateOf = (text: string | undefined): Date | undefined =>
  text === undefined ? undefined : new Date(text);

/** The content of a cursor: the sort and the last order of the previous page. */
const positionSchema = (sort: OrderPage['sort']) =>
  z
    .tuple([z.literal(sort), instant, z.uuid()])
    .transform(([, createdAt, id]) => ({ createdAt: new Date(createdAt), id }));

/** Adds the order routes to an application. */
export function registerOrderRoutes(app: App, shell: Shell, waitUntilStable: WaitUntilStable): void {
  /**
   * Reads a placed order again. Resolves to `placed` while the database is unavailable: the order is committed, so an error would
   * be wrong.
   */
  const readAgain = async (placed: Order): Promise<Order> => {
    try {
      return (await findOrder(shell.db, placed.id, { as: 'admin' }))?.order ?? placed;
    } catch (error) {
      if (isTransient(error)) return placed;
      throw error;
    }
  };

  app.use('/api/v1/orders/:id/*', entityIdFromPath('orderId', 'id'));

  app.openapi(orderApi.place, async (c) => {
    const { items, payment, expectedTotal } = c.req.valid('json');
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
        expectedTotal,
        at,
      },
    };
    const headersOf = (view: OrderView) => ({
      location: `/api/v1/orders/${view.id}`,
      ETag: etagOf(view.version, view),
    });
    const answer = (order: Order): Answer => {
      const view = toView(order);
      return { status: 201, body: view, headers: headersOf(view) };
    };
    const claim = claimOf<Order>(c, key, { items, payment, expectedTotal }, (decision) => {
      if (decision.kind === 'ignored') throw ignoredError(decision.reason);
      return answer(decision.state);
    });
    const handled = await handle(shell, placeOrderHandler, message, claim);
    switch (handled.kind) {
      case 'duplicate': {
        const order = orderView.parse(handled.prior.body);
        addEntityIds(c, { orderId: order.id });
        return c.json(order, 201, replayHeaders(handled.prior));
      }
      case 'accepted': {
        addEntityIds(c, { orderId: handled.state.id });
        const waited = await waitUntilStable(c, handled.state);
        const order = waited === undefined ? handled.state : await readAgain(handled.state);
        const applied = waited === undefined ? undefined : { 'preference-applied': `wait=${waited}` };
        const view = toView(order);
        return c.json(view, 201, { ...headersOf(view), ...applied });
      }
      case 'ignored':
        throw ignoredError(handled.reason);
      default:
        return handled satisfies never;
    }
  });

  app.openapi(orderApi.list, async (c) => {
    const { limit, cursor, toShip, stuckSeconds, placedFrom, placedBefore, ...rest } = c.req.valid('query');
    const found = await listOrders(shell.db, {
      ...rest,
      viewer: viewerOf(c),
      toShip: toShip === 'true',
      stuckSince: stuckSeconds === undefined ? undefined : new Date(Date.now() - stuckSeconds * 1_000),
      placedFrom: dateOf(placedFrom),
      placedBefore: dateOf(placedBefore),
      // One order more than the page shows, to find out whether there is a next page.
      limit: limit + 1,
      after: positionIn(cursor, positionSchema(rest.sort)),
    });
    // A seller sees only some lines, but the status of the whole order.
    const data = found.slice(0, limit).map(({ order, status }) => ({ ...toView(order), status }));
    const last = data.at(-1);
    const nextCursor = found.length > limit && last ? encodeCursor(rest.sort, last.createdAt, last.id) : null;
    return c.json({ data, nextCursor }, 200);
  });

  app.openapi(orderApi.read, async (c) => {
    const found = await findOrder(shell.db, c.req.valid('param').id, viewerOf(c));
    if (!found) throw problem('not_found');
    const view = { ...toView(found.order), status: found.status };
    const headers = { ETag: etagOf(view.version, view) };
    if (isUnchanged(c, headers.ETag)) return c.body(null, 304, headers);
    return c.json(view, 200, headers);
  });

  app.openapi(orderApi.history, async (c) => {
    const viewer = viewerOf(c);
    const { id } = c.req.valid('param');
    if (!(await findOrder(shell.db, id, viewer))) throw problem('not_found');
    const trail = await readTrail(shell.db, id, viewer, maxTrailEntries);
    const data = trail.map(({ sequence: _, orderId: __, occurredAt, recordedAt, status, ...entry }) => ({
      ...entry,
      status: orderStatus.parse(status),
      occurredAt: occurredAt.toISOString(),
      recordedAt: recordedAt.toISOString(),
    }));
    return c.json({ data }, 200);
  });

  /** Runs a command on an order, once per Idempotency-Key. Resolves to the order, limited to what the caller may see. */
  const runCommand = async (c: AppContext, key: string | undefined, id: string, input: OrderCommand) => {
    const context = messageContextOf(c);
    const message = { id: context.causationId, context, at: input.at, input: { orderId: id, input } };
    const present = (
      whole: Order | null | undefined,
    ): { view: OrderView; headers: Record<string, string> } => {
      if (!whole) throw problem('not_found');
      const order = limitToViewer(viewerOf(c), whole);
      const view = { ...toView(order), status: statusOf(whole) };
      return { view, headers: { ETag: etagOf(view.version, view) } };
    };
    const claim = claimOf<Order>(c, key, {}, async (decision, tx) => {
      const order =
        decision.kind === 'accepted' ? decision.state : (await findOrder(tx, id, { as: 'admin' }))?.order;
      const { view, headers } = present(order);
      return { status: 200, body: view, headers };
    });
    const handled = await handle(shell, orderHandler, message, claim);
    if (handled.kind === 'duplicate')
      return { view: orderView.parse(handled.prior.body), headers: replayHeaders(handled.prior) };
    return present(handled.state);
  };

  app.openapi(orderApi.cancel, async (c) => {
    const { subject: customerId } = callerOf(c);
    const key = c.req.valid('header')['idempotency-key'];
    const command = { type: 'cancel', customerId, at: new Date() } as const;
    const { view, headers } = await runCommand(c, key, c.req.valid('param').id, command);
    return c.json(view, 200, headers);
  });

  for (const type of ['confirm', 'fulfill'] as const) {
    app.openapi(orderApi[type], async (c) => {
      const { subject: sellerId } = callerOf(c);
      const key = c.req.valid('header')['idempotency-key'];
      const command = { type, sellerId, at: new Date() };
      const { view, headers } = await runCommand(c, key, c.req.valid('param').id, command);
      return c.json(view, 200, headers);
    });
  }

  app.openapi(orderApi.repair, async (c) => {
    const { id: orderId } = c.req.valid('param');
    const { reason } = c.req.valid('json');
    const key = c.req.valid('header')['idempotency-key'];
    return c.json(...(await answerRepair(c, shell, repairHandler, key, { orderId, reason })));
  });
}

const ignoredError = (reason: string): Error =>
  new Error(`defect: the command that places an order was ignored (${reason})`);
