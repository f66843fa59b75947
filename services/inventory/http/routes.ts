// The inventory service's HTTP handlers: the catalogue for everybody who is signed in, stock for the seller who owns it.
import { z } from '@hono/zod-openapi';
import { v7 as uuidv7 } from 'uuid';
import { encodeCursor } from '../../platform/http/request/cursor.ts';
import { etagOf, isUnchanged } from '../../platform/http/request/etag.ts';
import { handle, unclaimed, type Shell } from '../../platform/transaction/handle.ts';
import { answerRepair } from '../../platform/http/routes/repair.ts';
import {
  callerOf,
  isAbout,
  messageContextOf,
  pathIsAbout,
  type App,
  type AppContext,
} from '../../platform/http/server/request-context.ts';
import { positionIn } from '../../platform/http/request/shapes.ts';
import { printable } from '../../platform/http/request/text.ts';
import { inventoryApi, problem, type productView } from './api.ts';
import type { Product, ProductInput } from '../domain/product.ts';
import { findProduct, findReservation, listMovements, listProducts } from '../inventory-queries.ts';
import { managingProduct, repairing } from '../store.ts';

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
/** Where a page of products begins: after this id. */
const productPosition = z.tuple([printable(100)]).transform(([id]) => id);
/** Where a page of movements begins: before this sequence number. */
const movementPosition = z
  .tuple([z.string().regex(/^\d{1,15}$/)])
  .transform(([sequence]) => Number(sequence));

/** Adds the inventory routes to an application. */
export function registerInventoryRoutes(app: App, shell: Shell): void {
  const manage = async (c: AppContext, input: ProductInput): Promise<Product> => {
    const context = messageContextOf(c);
    const message = { id: context.causationId, context, at: input.at, input };
    const handled = await handle(shell, managingProduct, message, unclaimed);
    if (handled.kind === 'duplicate') return handled.prior;
    if (!handled.state.product) throw problem('not_found');
    return handled.state.product;
  };

  app.use('/api/v1/products/:id/*', pathIsAbout('productId', 'id'));
  app.use('/api/v1/reservations/:orderId/*', pathIsAbout('orderId', 'orderId'));

  app.openapi(inventoryApi.list, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const after = positionIn(cursor, productPosition);
    const found = await listProducts(shell.db, { limit: limit + 1, after });
    const data = found.slice(0, limit).map(toView);
    const last = data.at(-1);
    return c.json({ data, nextCursor: found.length > limit && last ? encodeCursor(last.id) : null }, 200);
  });

  app.openapi(inventoryApi.read, async (c) => {
    const product = await findProduct(shell.db, c.req.valid('param').id);
    if (!product) throw problem('not_found');
    const etag = etagOf(product);
    if (isUnchanged(c, etag)) return c.body(null, 304, { etag });
    return c.json(toView(product), 200, { etag });
  });

  app.openapi(inventoryApi.create, async (c) => {
    const { subject: sellerId } = callerOf(c);
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

  app.openapi(inventoryApi.change, async (c) => {
    const { subject: sellerId } = callerOf(c);
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

  app.openapi(inventoryApi.restock, async (c) => {
    const { subject: sellerId } = callerOf(c);
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
    isAbout(c, { orderId });
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
    return c.json(await answerRepair(c, shell, repairing, { orderId, reason }), 200);
  });
}
