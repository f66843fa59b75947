// The order service's HTTP API. A route reads or hands one command to the shell; it decides nothing. Orders of somebody
// else do not exist for the caller: 404, so that ids cannot be probed.
import { createRoute, z } from '@hono/zod-openapi';
import { v7 as uuidv7 } from 'uuid';
import { requireRole, type Authenticator, type Principal } from '../platform/auth.ts';
import { decodeCursor, encodeCursor } from '../platform/cursor.ts';
import { handle, unclaimed, type Message, type Shell } from '../platform/handle.ts';
import { messageContextOf, principalOf, type App } from '../platform/http.ts';
import {
  fingerprintOf,
  idempotencyKeyHeader,
  idempotencyProblems,
  replayHeaders,
} from '../platform/idempotency-http.ts';
import { idempotencyClaim, type Answer } from '../platform/idempotency.ts';
import { defineProblems, problemResponses } from '../platform/problem.ts';
import { repaired, repairRoute } from '../platform/repair.ts';
import { printable } from '../platform/text.ts';
import { isTransient } from '../platform/transient.ts';
import type { OrderCommand } from './domain/decide.ts';
import { statusOf, type Order } from './domain/order.ts';
import type { PlaceOrder } from './domain/place-order.ts';
import type { AwaitRest } from './order-wait.ts';
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

export const { kinds: orderProblems, problem } = defineProblems({
  unknown_product: {
    status: 422,
    title: 'Unknown product',
    explanation:
      'A product of the order is not in the catalogue. A product that was created a moment ago may take a second to appear.',
  },
  mixed_currencies: {
    status: 422,
    title: 'Mixed currencies',
    explanation: 'All items of one order must be priced in the same currency. Place one order per currency.',
  },
  total_too_large: {
    status: 422,
    title: 'Total too large',
    explanation: 'The total of the order exceeds what can be represented exactly.',
  },
  illegal_transition: {
    status: 409,
    title: 'Not possible in this state',
    explanation: 'The order is in a state that does not allow this action. Read the order and decide anew.',
  },
  already_shipped: {
    status: 409,
    title: 'Already shipped',
    explanation: 'A part of the order has been shipped, so it cannot be cancelled any more.',
  },
  ...idempotencyProblems,
});

const maxLines = 100;
const maxQuantity = 10_000;

const money = z
  .object({ amountMinor: z.int(), currency: z.string().length(3) })
  .openapi('Money', { description: 'Integer amount in the minor unit of an ISO 4217 currency' });

const paymentMode = z.enum(['AUTO', 'MANUAL']);
const orderStatus = z.enum(['PENDING', 'CONFIRMED', 'PAID', 'FULFILLED', 'CANCELLED']);

const newOrder = z
  .strictObject({
    items: z
      .array(
        z.strictObject({
          productId: printable(100),
          quantity: z.int().min(1).max(maxQuantity),
        }),
      )
      .min(1)
      .max(maxLines),
    payment: z.strictObject({
      mode: paymentMode,
      method: z.literal('card'),
      token: z
        .string()
        .regex(/^tok_[A-Za-z0-9_]{1,100}$/, 'must be a token of the payment provider, such as tok_success')
        .optional(),
    }),
  })
  .openapi('NewOrder');

const orderView = z
  .object({
    id: z.uuid(),
    customerId: z.string(),
    status: orderStatus,
    cancellationReason: z.string().nullable(),
    items: z.array(
      z.object({
        productId: z.string(),
        sellerId: z.string(),
        name: z.string(),
        quantity: z.int(),
        unitPrice: money,
        fulfilment: z.enum(['open', 'confirmed', 'shipped']),
      }),
    ),
    total: money,
    reservation: z.object({ state: z.string(), expiresAt: z.iso.datetime().nullable() }),
    payment: z.object({ mode: z.string(), state: z.string() }),
    version: z.int(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('Order');

const trailView = z
  .object({
    data: z.array(
      z.object({
        type: z.string(),
        inputId: z.string(),
        actor: z.string(),
        outcome: z.string(),
        status: orderStatus,
        version: z.int(),
        correlationId: z.string(),
        causationId: z.string(),
        occurredAt: z.iso.datetime(),
        recordedAt: z.iso.datetime(),
      }),
    ),
  })
  .openapi('OrderHistory');

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

/** As whom the caller looks at orders. */
export const viewerOf = ({ subject, roles }: Principal): Viewer => {
  if (roles.includes('ADMIN')) return { as: 'admin' };
  return { as: roles.includes('SELLER') ? 'seller' : 'customer', id: subject };
};

const json = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } });
const orderId = z.object({ id: z.uuid() });
const security = [{ bearer: [] }];

const placeRoute = createRoute({
  method: 'post',
  path: '/api/v1/orders',
  summary: 'Place an order',
  security,
  request: {
    headers: z.object({
      ...idempotencyKeyHeader,
      prefer: z
        .string()
        .optional()
        .openapi({
          description:
            '`wait=N`: answer when the order is at rest (PAID, CANCELLED, FULFILLED, or CONFIRMED when it is to be paid by ' +
            'hand), at the latest after N seconds with what it is then. `Preference-Applied` says how many seconds were ' +
            'granted. A replay is answered at once, with the stored answer as it is.',
        }),
    }),
    body: { content: json(newOrder), required: true },
  },
  responses: {
    201: { description: 'The order, PENDING unless a wait was preferred', content: json(orderView) },
    ...problemResponses(400, 401, 403, 409, 413, 415, 422, 503),
  },
});

const listRoute = createRoute({
  method: 'get',
  path: '/api/v1/orders',
  summary: 'Orders the caller may see, newest first',
  security,
  request: {
    query: z.object({
      status: orderStatus.optional(),
      limit: z.coerce.number().int().min(1).max(100).default(20),
      cursor: z.string().max(500).optional(),
    }),
  },
  responses: {
    200: {
      description: 'A page of orders',
      content: json(
        z.object({ data: z.array(orderView), nextCursor: z.string().nullable() }).openapi('OrderPage'),
      ),
    },
    ...problemResponses(401, 422, 503),
  },
});

const readRoute = createRoute({
  method: 'get',
  path: '/api/v1/orders/{id}',
  summary: 'One order',
  security,
  request: { params: orderId },
  responses: {
    200: { description: 'The order; its ETag is its version', content: json(orderView) },
    ...problemResponses(401, 404, 503),
  },
});

const historyRoute = createRoute({
  method: 'get',
  path: '/api/v1/orders/{id}/history',
  summary: 'The audit trail of an order, oldest first',
  security,
  request: { params: orderId },
  responses: {
    200: { description: 'Every input of the order, also the ignored ones', content: json(trailView) },
    ...problemResponses(401, 403, 404, 503),
  },
});

const actionRoute = <Action extends 'cancel' | 'confirm' | 'fulfill'>(action: Action, summary: string) =>
  createRoute({
    method: 'post',
    path: `/api/v1/orders/{id}/${action}` as const,
    summary,
    security,
    request: { params: orderId },
    responses: {
      200: { description: 'The order after it', content: json(orderView) },
      ...problemResponses(401, 403, 404, 409, 503),
    },
  });

const repairOrderRoute = repairRoute('/api/v1/orders/{id}/repair', orderId);

const maxTrail = 1_000;

/** Adds the order routes to an application. */
export function registerOrderRoutes(
  app: App,
  shell: Shell,
  { authenticate }: Authenticator,
  awaitRest: AwaitRest,
): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.use('/api/*', authenticate);

  /** A placed order as it is now. It was placed whatever becomes of the database meanwhile, so it is answered in any case. */
  const presently = async (placed: Order): Promise<Order> => {
    try {
      return (await findOrder(shell.db, placed.id, { as: 'admin' }))?.order ?? placed;
    } catch (error) {
      if (isTransient(error)) return placed;
      throw error;
    }
  };

  app.on('POST', placeRoute.getRoutingPath(), requireRole('USER'));
  app.openapi(placeRoute, async (c) => {
    const { items, payment } = c.req.valid('json');
    const key = c.req.valid('header')['idempotency-key'];
    const { subject } = principalOf(c);
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
            fingerprint: fingerprintOf({ items, payment }),
            answer: (decision) => {
              if (decision.kind === 'ignored') throw new Error(neverIgnored(decision.reason));
              return answer(decision.state);
            },
          });
    const handled = await handle(shell, placing, message, claim);
    switch (handled.kind) {
      case 'duplicate': {
        return c.json(orderView.parse(handled.prior.body), 201, replayHeaders(handled.prior));
      }
      case 'accepted': {
        const waited = await awaitRest(c, handled.state);
        const order = waited === undefined ? handled.state : await presently(handled.state);
        const applied = waited === undefined ? undefined : { 'preference-applied': `wait=${waited}` };
        return c.json(toView(order), 201, { ...answer(order).headers, ...applied });
      }
      case 'ignored':
        throw new Error(neverIgnored(handled.reason));
      default:
        return handled satisfies never;
    }
  });

  app.openapi(listRoute, async (c) => {
    const { status, limit, cursor } = c.req.valid('query');
    const after = cursor === undefined ? undefined : positionOf(cursor);
    const viewer = viewerOf(principalOf(c));
    // One more than asked for tells whether there is a next page.
    const found = await listOrders(shell.db, { viewer, status, limit: limit + 1, after });
    const data = found.slice(0, limit).map(({ order, status: of }) => ({ ...toView(order), status: of }));
    const last = data.at(-1);
    const nextCursor = found.length > limit && last ? encodeCursor(last.createdAt, last.id) : null;
    return c.json({ data, nextCursor }, 200);
  });

  app.openapi(readRoute, async (c) => {
    const found = await findOrder(shell.db, c.req.valid('param').id, viewerOf(principalOf(c)));
    if (!found) throw problem('not_found');
    return c.json({ ...toView(found.order), status: found.status }, 200, { etag: etagOf(found.order) });
  });

  app.openapi(historyRoute, async (c) => {
    const viewer = viewerOf(principalOf(c));
    if (viewer.as === 'seller') throw problem('forbidden', { detail: 'Sellers cannot read the history.' });
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

  const act = async (c: Parameters<typeof messageContextOf>[0], id: string, input: OrderCommand) => {
    const context = messageContextOf(c);
    const message = { id: context.causationId, context, at: input.at, input: { orderId: id, input } };
    const handled = await handle(shell, ordering, message, unclaimed);
    if (handled.kind === 'duplicate') return handled.prior;
    if (!handled.state) throw problem('not_found');
    const order = seenBy(viewerOf(principalOf(c)), handled.state);
    return { view: { ...toView(order), status: statusOf(handled.state) }, headers: { etag: etagOf(order) } };
  };

  const cancelRoute = actionRoute('cancel', 'Cancel an order before it ships');
  app.use(cancelRoute.getRoutingPath(), requireRole('USER'));
  app.openapi(cancelRoute, async (c) => {
    const { subject: customerId } = principalOf(c);
    const input: OrderCommand = { type: 'cancel', customerId, at: new Date() };
    const { view, headers } = await act(c, c.req.valid('param').id, input);
    return c.json(view, 200, headers);
  });

  for (const [type, summary] of [
    ['confirm', 'Acknowledge a PAID order'],
    ['fulfill', 'Ship the own lines of a PAID order'],
  ] as const) {
    const route = actionRoute(type, summary);
    app.use(route.getRoutingPath(), requireRole('SELLER'));
    app.openapi(route, async (c) => {
      const { subject: sellerId } = principalOf(c);
      const input: OrderCommand = { type, sellerId, at: new Date() };
      const { view, headers } = await act(c, c.req.valid('param').id, input);
      return c.json(view, 200, headers);
    });
  }

  app.use(repairOrderRoute.getRoutingPath(), requireRole('ADMIN'));
  app.openapi(repairOrderRoute, async (c) => {
    const { id } = c.req.valid('param');
    const { reason } = c.req.valid('json');
    const context = messageContextOf(c);
    const message = { id: context.causationId, context, at: new Date(), input: { orderId: id, reason } };
    const handled = await handle(shell, repairing, message, unclaimed);
    if (handled.kind === 'duplicate') return handled.prior;
    return c.json(repaired(id, handled), 200);
  });
}

const neverIgnored = (reason: string): string => `placing an order was ignored: ${reason}`;

const positionOf = (cursor: string): { createdAt: Date; id: string } => {
  const [time = '', id = ''] = decodeCursor(cursor) ?? [];
  const position = z.object({ createdAt: z.iso.datetime(), id: z.uuid() }).safeParse({ createdAt: time, id });
  if (!position.success) {
    throw problem('schema_violation', { errors: [{ path: 'query.cursor', message: 'is not a cursor' }] });
  }
  return { createdAt: new Date(position.data.createdAt), id };
};
