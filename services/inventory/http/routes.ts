// The HTTP handlers of the inventory service. Everybody who is signed in may read the catalogue; a seller may change only their
// own products.
import { z } from '@hono/zod-openapi';
import { v7 as uuidv7 } from 'uuid';
import { encodeCursor } from '../../platform/http/request/cursor.ts';
import { etagOf, isUnchanged, versionsIn } from '../../platform/http/request/etag.ts';
import { handle, unclaimed, type Message, type Shell } from '../../platform/transaction/handle.ts';
import { answerRepair } from '../../platform/http/routes/repair.ts';
import {
  callerOf,
  addEntityIds,
  messageContextOf,
  entityIdFromPath,
  type App,
  type AppContext,
} from '../../platform/http/server/request-context.ts';
import { positionIn } from '../../platform/http/request/shapes.ts';
import { printable } from '../../platform/http/request/text.ts';
import { claimOf, replayHeaders } from '../../platform/http/request/idempotency-http.ts';
import { inventoryApi, problem, productView } from './api.ts';
import type { Product, ProductInput } from '../domain/product.ts';
import {
  findProduct,
  findReservation,
  listMovements,
  listProducts,
  positionOf,
  type ProductPosition,
  type ProductSort,
} from '../inventory-queries.ts';
import { productHandler, repairHandler } from '../store.ts';

type ProductView = z.infer<typeof productView>;

const toView = (product: Product): ProductView => ({
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
const headersOf = (view: ProductView) => ({ ETag: etagOf(view.version, view) });

/** The content of a cursor: the last product of the previous page. */
const positionSchema = (sort: ProductSort) => {
  const value = sort === 'id' || sort === 'name' ? printable(200) : z.coerce.number().int();
  return z
    .tuple([z.literal(sort), value, printable(100)])
    .transform(([, sortValue, productId]): ProductPosition => ({ value: sortValue, productId }));
};
const cursorOf = (product: Product, sort: ProductSort): string => {
  const { value, productId } = positionOf(product, sort);
  return encodeCursor(sort, String(value), productId);
};
/** The content of a cursor: the sequence number of the last movement of the previous page. */
const movementPosition = z
  .tuple([z.string().regex(/^\d{1,15}$/)])
  .transform(([sequence]) => Number(sequence));

export function registerInventoryRoutes(app: App, shell: Shell): void {
  const messageOf = (c: AppContext, input: ProductInput): Message<ProductInput> => {
    const context = messageContextOf(c);
    return { id: context.causationId, context, at: input.at, input };
  };

  const runCommand = async (c: AppContext, input: ProductInput): Promise<Product> => {
    const handled = await handle(shell, productHandler, messageOf(c, input), unclaimed);
    if (handled.kind === 'duplicate') return handled.prior;
    if (!handled.state.product) throw problem('not_found');
    return handled.state.product;
  };

  /** Runs a command once per Idempotency-Key; a repeated request gets the stored response. */
  const runIdempotentCommand = async (
    c: AppContext,
    key: string | undefined,
    body: unknown,
    input: ProductInput,
    extraHeaders: (view: ProductView) => Record<string, string> = () => ({}),
  ): Promise<{ readonly view: ProductView; readonly headers: Record<string, string> }> => {
    const answerOf = (product: Product | null) => {
      if (!product) throw problem('not_found');
      const view = toView(product);
      return { view, headers: { ...extraHeaders(view), ...headersOf(view) } };
    };
    const claim = claimOf<{ readonly product: Product | null }>(c, key, body, (decision) => {
      if (decision.kind === 'ignored') throw new Error(`${input.type} was ignored: ${decision.reason}`);
      const { view, headers } = answerOf(decision.state.product);
      return { status: input.type === 'create' ? 201 : 200, body: view, headers };
    });
    const handled = await handle(shell, productHandler, messageOf(c, input), claim);
    if (handled.kind === 'duplicate')
      return { view: productView.parse(handled.prior.body), headers: replayHeaders(handled.prior) };
    return answerOf(handled.state.product);
  };

  app.use('/api/v1/products/:id/*', entityIdFromPath('productId', 'id'));
  app.use('/api/v1/reservations/:orderId/*', entityIdFromPath('orderId', 'orderId'));

  app.openapi(inventoryApi.list, async (c) => {
    const { q = '', sellerId, sort, limit, cursor } = c.req.valid('query');
    const after = positionIn(cursor, positionSchema(sort));
    const words = q.split(/\s+/).filter(Boolean);
    const found = await listProducts(shell.db, { sellerId, words, sort, limit: limit + 1, after });
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return c.json({ data: page.map(toView), nextCursor: last ? cursorOf(last, sort) : null }, 200);
  });

  app.openapi(inventoryApi.read, async (c) => {
    const product = await findProduct(shell.db, c.req.valid('param').id);
    if (!product) throw problem('not_found');
    const view = toView(product);
    const headers = headersOf(view);
    if (isUnchanged(c, headers.ETag)) return c.body(null, 304, headers);
    return c.json(view, 200, headers);
  });

  app.openapi(inventoryApi.create, async (c) => {
    const { subject: sellerId } = callerOf(c);
    const body = c.req.valid('json');
    const key = c.req.valid('header')['idempotency-key'];
    const input: ProductInput = { type: 'create', productId: uuidv7(), sellerId, at: new Date(), ...body };
    const { view, headers } = await runIdempotentCommand(c, key, body, input, ({ id }) => ({
      location: `/api/v1/products/${id}`,
    }));
    return c.json(view, 201, headers);
  });

  app.openapi(inventoryApi.change, async (c) => {
    const { subject: sellerId } = callerOf(c);
    const { name: newName, sku: newSku, price } = c.req.valid('json');
    const expectedVersions = versionsIn(c.req.valid('header')['if-match']);
    const product = await runCommand(c, {
      type: 'change',
      productId: c.req.valid('param').id,
      sellerId,
      at: new Date(),
      ...(newName === undefined ? {} : { name: newName }),
      ...(newSku === undefined ? {} : { sku: newSku }),
      ...(price === undefined ? {} : { price }),
      ...(expectedVersions === undefined ? {} : { expectedVersions }),
    });
    const view = toView(product);
    return c.json(view, 200, headersOf(view));
  });

  app.openapi(inventoryApi.restock, async (c) => {
    const { subject: sellerId } = callerOf(c);
    const { quantity } = c.req.valid('json');
    const key = c.req.valid('header')['idempotency-key'];
    const { id: productId } = c.req.valid('param');
    const input: ProductInput = { type: 'restock', productId, sellerId, quantity, at: new Date() };
    const { view, headers } = await runIdempotentCommand(c, key, { quantity }, input);
    return c.json(view, 200, headers);
  });

  app.openapi(inventoryApi.movements, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const { subject, scope } = callerOf(c);
    const { id } = c.req.valid('param');
    const product = await findProduct(shell.db, id);
    if (!product || (scope === 'own' && product.sellerId !== subject)) throw problem('not_found');
    const before = positionIn(cursor, movementPosition);
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

  app.openapi(inventoryApi.reservations, async (c) => {
    const { subject, scope } = callerOf(c);
    const sellerId = scope === 'all' ? undefined : subject;
    const { orderId } = c.req.valid('query');
    addEntityIds(c, { orderId });
    const found = await findReservation(shell.db, orderId, sellerId);
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

  app.openapi(inventoryApi.repair, async (c) => {
    const { orderId } = c.req.valid('param');
    const { reason } = c.req.valid('json');
    const key = c.req.valid('header')['idempotency-key'];
    return c.json(...(await answerRepair(c, shell, repairHandler, key, { orderId, reason })));
  });
}
