// The inventory service's HTTP API: the catalogue for everybody who is signed in, stock for the seller who owns it.
import { createRoute, z } from '@hono/zod-openapi';
import { v7 as uuidv7 } from 'uuid';
import { requireRole, type Authenticator } from '../platform/auth.ts';
import { decodeCursor, encodeCursor } from '../platform/cursor.ts';
import { handle, unclaimed, type Shell } from '../platform/handle.ts';
import { messageContextOf, principalOf, type App } from '../platform/http.ts';
import { defineProblems, problemResponses } from '../platform/problem.ts';
import { repaired, repairRoute } from '../platform/repair.ts';
import { printable } from '../platform/text.ts';
import { maxUnits, type Product, type ProductInput } from './domain/product.ts';
import {
  findProduct,
  findReservation,
  listMovements,
  listProducts,
  managingProduct,
  repairing,
} from './store.ts';

export const { kinds: inventoryProblems, problem } = defineProblems({
  sku_taken: {
    status: 409,
    title: 'SKU in use',
    explanation: 'A seller can use each stock keeping unit for one product only.',
  },
  too_many_units: {
    status: 422,
    title: 'Too many units',
    explanation: `A product can have at most ${maxUnits} units on hand.`,
  },
  not_reconstructible: {
    status: 409,
    title: 'Cannot be said again',
    explanation:
      'A refused reservation does not keep its shortages, so its event cannot be made again. Replay it from the topic.',
  },
  stale_version: {
    status: 412,
    title: 'Changed meanwhile',
    explanation: 'The product has another version than the one named in If-Match. Read it again.',
  },
});

const money = z
  .object({ amountMinor: z.int().min(0).max(100_000_000_000), currency: z.string().regex(/^[A-Z]{3}$/) })
  .openapi('Money', { description: 'Integer amount in the minor unit of an ISO 4217 currency' });
const strictMoney = z.strictObject(money.shape);
const name = printable(200);
const sku = printable(64);
const units = z.int().min(0).max(1_000_000);

const newProduct = z.strictObject({ name, sku, price: strictMoney, quantity: units }).openapi('NewProduct');
const productChange = z
  .strictObject({ name: name.optional(), sku: sku.optional(), price: strictMoney.optional() })
  .refine((change) => Object.keys(change).length > 0, 'must change something')
  .openapi('ProductChange');
const restock = z.strictObject({ quantity: units.min(1) }).openapi('Restock');

const productView = z
  .object({
    id: z.string(),
    name: z.string(),
    sku: z.string(),
    sellerId: z.string(),
    price: money,
    available: z.int().openapi({ description: 'Units on hand, reserved ones included' }),
    reserved: z.int(),
    free: z.int().openapi({ description: 'available − reserved' }),
    version: z.int(),
  })
  .openapi('Product');

const toView = (product: Product): z.infer<typeof productView> => ({
  id: product.productId,
  name: product.name,
  sku: product.sku,
  sellerId: product.sellerId,
  price: { ...product.price },
  available: product.available,
  reserved: product.reserved,
  free: product.available - product.reserved,
  version: product.version,
});
const etagOf = (product: Product): string => `"v${product.version}"`;

const json = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } });
const body = <T extends z.ZodType>(schema: T) => ({ content: json(schema), required: true });
const productId = z.object({ id: printable(100) });
const page = {
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(500).optional(),
};
const security = [{ bearer: [] }];

const listRoute = createRoute({
  method: 'get',
  path: '/api/v1/products',
  summary: 'The catalogue, in product-id order',
  security,
  request: { query: z.object(page) },
  responses: {
    200: {
      description: 'A page of products',
      content: json(
        z.object({ data: z.array(productView), nextCursor: z.string().nullable() }).openapi('ProductPage'),
      ),
    },
    ...problemResponses(401, 422, 503),
  },
});
const readRoute = createRoute({
  method: 'get',
  path: '/api/v1/products/{id}',
  summary: 'One product',
  security,
  request: { params: productId },
  responses: {
    200: { description: 'The product; its ETag is its version', content: json(productView) },
    ...problemResponses(401, 404, 503),
  },
});
const newProductRoute = createRoute({
  method: 'post',
  path: '/api/v1/products',
  summary: 'Create an own product',
  security,
  request: { body: body(newProduct) },
  responses: {
    201: { description: 'The product', content: json(productView) },
    ...problemResponses(400, 401, 403, 409, 413, 415, 422, 503),
  },
});
const changeRoute = createRoute({
  method: 'patch',
  path: '/api/v1/products/{id}',
  summary: 'Change the catalogue entry of an own product',
  security,
  request: {
    params: productId,
    headers: z.object({
      'if-match': z
        .string()
        .regex(/^(\*|"v\d{1,9}")$/, 'must be an ETag such as "v3"')
        .optional(),
    }),
    body: body(productChange),
  },
  responses: {
    200: { description: 'The product after it', content: json(productView) },
    ...problemResponses(400, 401, 403, 404, 409, 412, 413, 415, 422, 503),
  },
});
const restockRoute = createRoute({
  method: 'post',
  path: '/api/v1/products/{id}/restock',
  summary: 'Add units to an own product',
  security,
  request: { params: productId, body: body(restock) },
  responses: {
    200: { description: 'The product after it', content: json(productView) },
    ...problemResponses(400, 401, 403, 404, 413, 415, 422, 503),
  },
});
const movementsRoute = createRoute({
  method: 'get',
  path: '/api/v1/products/{id}/movements',
  summary: 'The ledger of a product’s stock, newest first',
  security,
  request: { params: productId, query: z.object(page) },
  responses: {
    200: {
      description: 'A page of movements',
      content: json(
        z
          .object({
            data: z.array(
              z.object({
                kind: z.string(),
                availableDelta: z.int(),
                reservedDelta: z.int(),
                orderId: z.uuid().nullable(),
                actor: z.string(),
                correlationId: z.string(),
                occurredAt: z.iso.datetime(),
              }),
            ),
            nextCursor: z.string().nullable(),
          })
          .openapi('MovementPage'),
      ),
    },
    ...problemResponses(401, 403, 404, 422, 503),
  },
});
const reservationsRoute = createRoute({
  method: 'get',
  path: '/api/v1/reservations',
  summary: 'The reservation of an order',
  security,
  request: { query: z.object({ orderId: z.uuid() }) },
  responses: {
    200: {
      description: 'At most one reservation',
      content: json(
        z
          .object({
            data: z.array(
              z.object({
                orderId: z.uuid(),
                state: z.string(),
                expiresAt: z.iso.datetime().nullable(),
                items: z.array(z.object({ productId: z.string(), quantity: z.int() })),
              }),
            ),
          })
          .openapi('Reservations'),
      ),
    },
    ...problemResponses(401, 403, 422, 503),
  },
});

const repairReservationRoute = repairRoute(
  '/api/v1/reservations/{orderId}/repair',
  z.object({ orderId: z.uuid() }),
);

/** Adds the inventory routes to an application. */
export function registerInventoryRoutes(app: App, shell: Shell, { authenticate }: Authenticator): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.use('/api/*', authenticate);
  const sellersOnly = requireRole('SELLER');
  app.on(['POST', 'PATCH'], '/api/v1/products/*', sellersOnly);
  app.on('POST', '/api/v1/products', sellersOnly);
  app.use('/api/v1/products/:id/movements', requireRole('SELLER', 'ADMIN'));
  app.use('/api/v1/reservations', requireRole('SELLER', 'ADMIN'));

  const manage = async (c: Parameters<typeof messageContextOf>[0], input: ProductInput): Promise<Product> => {
    const context = messageContextOf(c);
    const message = { id: context.causationId, context, at: input.at, input };
    const handled = await handle(shell, managingProduct, message, unclaimed);
    if (handled.kind === 'duplicate') return handled.prior;
    if (!handled.state.product) throw problem('not_found');
    return handled.state.product;
  };

  app.openapi(listRoute, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const [after] = cursor === undefined ? [] : positionOf(cursor);
    const found = await listProducts(shell.db, { limit: limit + 1, after });
    const data = found.slice(0, limit).map(toView);
    const last = data.at(-1);
    return c.json({ data, nextCursor: found.length > limit && last ? encodeCursor(last.id) : null }, 200);
  });

  app.openapi(readRoute, async (c) => {
    const product = await findProduct(shell.db, c.req.valid('param').id);
    if (!product) throw problem('not_found');
    return c.json(toView(product), 200, { etag: etagOf(product) });
  });

  app.openapi(newProductRoute, async (c) => {
    const { subject: sellerId } = principalOf(c);
    const input: ProductInput = {
      type: 'create',
      productId: uuidv7(),
      sellerId,
      at: new Date(),
      ...c.req.valid('json'),
    };
    const product = await manage(c, input);
    const headers = { location: `/api/v1/products/${product.productId}`, etag: etagOf(product) };
    return c.json(toView(product), 201, headers);
  });

  app.openapi(changeRoute, async (c) => {
    const { subject: sellerId } = principalOf(c);
    const { name: newName, sku: newSku, price } = c.req.valid('json');
    const expected = /\d+/.exec(c.req.valid('header')['if-match'] ?? '')?.[0];
    const product = await manage(c, {
      type: 'change',
      productId: c.req.valid('param').id,
      sellerId,
      at: new Date(),
      ...(newName === undefined ? {} : { name: newName }),
      ...(newSku === undefined ? {} : { sku: newSku }),
      ...(price === undefined ? {} : { price }),
      ...(expected === undefined ? {} : { expectedVersion: Number(expected) }),
    });
    return c.json(toView(product), 200, { etag: etagOf(product) });
  });

  app.openapi(restockRoute, async (c) => {
    const { subject: sellerId } = principalOf(c);
    const { quantity } = c.req.valid('json');
    const product = await manage(c, {
      type: 'restock',
      productId: c.req.valid('param').id,
      sellerId,
      quantity,
      at: new Date(),
    });
    return c.json(toView(product), 200, { etag: etagOf(product) });
  });

  app.openapi(movementsRoute, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const { subject, roles } = principalOf(c);
    const { id } = c.req.valid('param');
    const product = await findProduct(shell.db, id);
    if (!product || (!roles.includes('ADMIN') && product.sellerId !== subject)) throw problem('not_found');
    const [position] = cursor === undefined ? [] : positionOf(cursor);
    const before = position === undefined ? undefined : Number(position);
    if (before !== undefined && !Number.isSafeInteger(before)) throw notACursor();
    const found = await listMovements(shell.db, id, { limit: limit + 1, before });
    const rows = found.slice(0, limit);
    const data = rows.map(({ sequence: _, productId: __, occurredAt, ...movement }) => ({
      ...movement,
      occurredAt: occurredAt.toISOString(),
    }));
    const last = rows.at(-1);
    const nextCursor = found.length > limit && last ? encodeCursor(String(last.sequence)) : null;
    return c.json({ data, nextCursor }, 200);
  });

  app.openapi(reservationsRoute, async (c) => {
    const { subject, roles } = principalOf(c);
    const sellerId = roles.includes('ADMIN') ? undefined : subject;
    const found = await findReservation(shell.db, c.req.valid('query').orderId, sellerId);
    const data = found
      ? [
          {
            orderId: found.orderId,
            state: found.state,
            expiresAt: found.expiresAt?.toISOString() ?? null,
            items: found.items,
          },
        ]
      : [];
    return c.json({ data }, 200);
  });

  app.use(repairReservationRoute.getRoutingPath(), requireRole('ADMIN'));
  app.openapi(repairReservationRoute, async (c) => {
    const { orderId } = c.req.valid('param');
    const { reason } = c.req.valid('json');
    const context = messageContextOf(c);
    const message = { id: context.causationId, context, at: new Date(), input: { orderId, reason } };
    const handled = await handle(shell, repairing, message, unclaimed);
    if (handled.kind === 'duplicate') return handled.prior;
    const answer = repaired(orderId, handled);
    c.get('logger').info('repair', { ...answer, reason, actor: context.actor });
    return c.json(answer, 200);
  });
}

const notACursor = () =>
  problem('schema_violation', { errors: [{ path: 'query.cursor', message: 'is not a cursor' }] });

const positionOf = (cursor: string): string[] => {
  const position = decodeCursor(cursor);
  if (!position) throw notACursor();
  return position;
};
