// The HTTP API of the inventory service: schemas, endpoints and problems.
import { permissions } from './permissions.ts';
import { z } from '@hono/zod-openapi';
import { etagList, notModified } from '../../platform/http/request/etag.ts';
import { endpoint } from '../../platform/http/endpoint/endpoint.ts';
import { defineProblems } from '../../platform/http/endpoint/problem.ts';
import { idempotencyKeyHeader, idempotencyProblems } from '../../platform/http/request/idempotency-http.ts';
import { repairConfig } from '../../platform/http/routes/repair.ts';
import { json, jsonBody, money, pageOf, pageQuery } from '../../platform/http/request/shapes.ts';
import { printable, resourceId, uuid } from '../../platform/http/request/text.ts';
import { maxUnits } from '../domain/product.ts';

export const { kinds: inventoryProblems, problem } = defineProblems({
  sku_taken: {
    status: 409,
    title: 'SKU in use',
    explanation: 'A seller can use each stock keeping unit for one product only.',
    constraint: 'inventory_sku',
  },
  too_many_units: {
    status: 422,
    title: 'Too many units',
    explanation: `A product can have at most ${maxUnits} units on hand.`,
  },
  not_reconstructible: {
    status: 409,
    title: 'Event cannot be repeated',
    explanation:
      'The shortages of a failed reservation are not stored, so its event cannot be emitted again. If the order service has not received the event, it cancels the order at its deadline.',
  },
  stale_version: {
    status: 412,
    title: 'Changed meanwhile',
    explanation:
      'The current version of the product is not among the versions in If-Match. Read the product again.',
  },
  ...idempotencyProblems,
});

/** A price as sellers may set it. */
const price = z.strictObject({
  // A payment provider does not charge zero, so an order that costs nothing could never be paid.
  amountMinor: z.int().min(1).max(100_000_000_000),
  currency: z.string().regex(/^[A-Z]{3}$/),
});
const name = printable(200);
const sku = printable(64);
const units = z.int().min(0).max(1_000_000);

const newProduct = z.strictObject({ name, sku, price, quantity: units }).openapi('NewProduct');
const productChange = z
  .strictObject({ name: name.optional(), sku: sku.optional(), price: price.optional() })
  .refine((change) => Object.keys(change).length > 0, 'must change something')
  .openapi('ProductChange', { minProperties: 1 });
const restock = z.strictObject({ quantity: units.min(1) }).openapi('Restock');

export const productView = z
  .object({
    id: z.string(),
    name: z.string(),
    sku: z.string(),
    sellerId: z.string(),
    price: money,
    available: z.int().openapi({ description: 'Units on hand, including reserved units' }),
    reserved: z.int(),
    free: z.int().openapi({ description: 'available − reserved' }),
    version: z.int(),
  })
  .openapi('Product');

export const movementView = z.object({
  kind: z.string(),
  availableDelta: z.int(),
  reservedDelta: z.int(),
  orderId: z.uuid().nullable(),
  actor: z.string(),
  correlationId: z.string(),
  occurredAt: z.iso.datetime(),
});

const productId = z.object({ id: resourceId(100) });

const listRoute = endpoint(permissions['products.list'], {
  summary: 'List or search the products of the catalogue',
  request: {
    query: z.object({
      q: printable(100).optional().openapi({
        description: 'Words, each of which must occur in the name or the SKU, in upper or lower case',
      }),
      sellerId: resourceId(200).optional(),
      sort: z
        .enum(['id', 'name', 'price', '-price'])
        .default('id')
        .openapi({
          description:
            'By product id, by name, lowest price first, or highest price first. Prices of different currencies are compared as numbers. ' +
            'A cursor is valid only with the same sort',
        }),
      ...pageQuery,
    }),
  },
  responses: {
    200: {
      description: 'A page of products',
      content: json(pageOf(productView, 'ProductPage')),
    },
  },
});
const readRoute = endpoint(permissions['products.read'], {
  summary: 'Read a product',
  request: { params: productId },
  responses: {
    200: {
      description: 'The product; its ETag is its version and a hash of the body',
      content: json(productView),
    },
    ...notModified,
  },
});
const newProductRoute = endpoint(permissions['products.create'], {
  summary: 'Create a product of the caller',
  request: { headers: z.object(idempotencyKeyHeader), body: jsonBody(newProduct) },
  responses: {
    201: { description: 'The product', content: json(productView) },
  },
  problems: [409],
});
const changeRoute = endpoint(permissions['products.change'], {
  summary: 'Change the catalogue entry of a product of the caller',
  request: {
    params: productId,
    headers: z.object({
      'if-match': z
        .string()
        .regex(etagList, 'must be * or a list of ETags such as "v3-Zm9v"')
        .optional()
        .openapi({
          description:
            'ETags of the versions that may be changed. Only the version in the ETag is compared, not the hash after it.',
        }),
    }),
    body: jsonBody(productChange),
  },
  responses: {
    200: { description: 'The product after the change', content: json(productView) },
  },
  problems: [409, 412],
});
const restockRoute = endpoint(permissions['products.restock'], {
  summary: 'Add units to a product of the caller',
  request: { params: productId, headers: z.object(idempotencyKeyHeader), body: jsonBody(restock) },
  responses: {
    200: { description: 'The product after the change', content: json(productView) },
  },
  problems: [409],
});
const movementsRoute = endpoint(permissions['products.movements'], {
  summary: 'List the stock movements of a product, newest first',
  request: { params: productId, query: z.object(pageQuery) },
  responses: {
    200: {
      description: 'A page of movements',
      content: json(pageOf(movementView, 'MovementPage')),
    },
  },
});
const reservationsRoute = endpoint(permissions['reservations.read'], {
  summary: 'Read the reservation of an order',
  request: { query: z.object({ orderId: uuid }) },
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
  },
});

const repairRoute = endpoint(permissions['reservations.repair'], repairConfig(z.object({ orderId: uuid })));

export const inventoryApi = {
  list: listRoute,
  read: readRoute,
  create: newProductRoute,
  change: changeRoute,
  restock: restockRoute,
  movements: movementsRoute,
  reservations: reservationsRoute,
  repair: repairRoute,
} as const;
