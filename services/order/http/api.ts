// The HTTP API of the order service: schemas, endpoints and problems. It has no behaviour, so clients, documentation and
// tests can import it.
import { permissions } from './permissions.ts';
import { z } from '@hono/zod-openapi';
import { notModified } from '../../platform/http/request/etag.ts';
import { endpoint } from '../../platform/http/endpoint/endpoint.ts';
import { idempotencyKeyHeader, idempotencyProblems } from '../../platform/http/request/idempotency-http.ts';
import { defineProblems } from '../../platform/http/endpoint/problem.ts';
import { repairConfig } from '../../platform/http/routes/repair.ts';
import {
  instant,
  integerIn,
  json,
  jsonBody,
  money,
  pageOf,
  pageQuery,
} from '../../platform/http/request/shapes.ts';
import { printable, resourceId, uuid } from '../../platform/http/request/text.ts';
import { maxTotalMinor } from '../domain/place-order.ts';

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
    explanation: `The total of an order is at most ${maxTotalMinor} minor units of its currency: the payment provider does not charge more.`,
  },
  nothing_to_pay: {
    status: 422,
    title: 'Nothing to pay',
    explanation:
      'The products of the order cost nothing, and the payment provider does not charge zero. Nothing was done.',
  },
  price_changed: {
    status: 409,
    title: 'The price has changed',
    explanation:
      'The total of the order is not the `expectedTotal` of the request. Nothing was ordered. Read the products again and show the new total.',
  },
  illegal_transition: {
    status: 409,
    title: 'Not possible in this state',
    explanation: 'The order is in a state that does not allow this action. Read the order again.',
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
const maxStuckSeconds = 30 * 24 * 3_600;

const paymentMode = z.enum(['AUTO', 'MANUAL']);
export const orderStatus = z.enum(['PENDING', 'CONFIRMED', 'PAID', 'FULFILLED', 'CANCELLED']);

const newOrder = z
  .strictObject({
    items: z
      .array(
        z.strictObject({
          productId: resourceId(100),
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
        .regex(
          /^tok_[A-Za-z0-9_]{1,100}$/,
          'must be a token of the payment provider: tok_ and letters, digits or _',
        )
        .optional(),
    }),
    expectedTotal: z
      .strictObject({
        amountMinor: z.int().min(1),
        currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code'),
      })
      .optional()
      .openapi({
        description: 'The total that the customer has seen. With another total the order is refused.',
      }),
  })
  .openapi('NewOrder');

export const orderView = z
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
    payment: z.object({
      mode: z.string(),
      state: z.string().openapi({
        description:
          'What the order service knows of the charge. It stays none or pending when the order is cancelled before a charge is attempted; the payment service has the details.',
      }),
    }),
    version: z.int(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('Order');

export const trailView = z
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

const orderId = z.object({ id: uuid });

const placeRoute = endpoint(permissions['orders.place'], {
  summary: 'Place an order',
  request: {
    headers: z.object({
      ...idempotencyKeyHeader,
      prefer: z
        .string()
        .optional()
        .openapi({
          description:
            '`wait=N`: the response waits at most N seconds until the order has ended or waits for a person: it is PAID, CANCELLED ' +
            'or FULFILLED, or it is CONFIRMED with payment mode MANUAL. `Preference-Applied` has the granted seconds. ' +
            'A repeated request with the same Idempotency-Key does not wait: it gets the stored response.',
        }),
    }),
    body: jsonBody(newOrder),
  },
  responses: {
    201: { description: 'The order; PENDING unless the request waited', content: json(orderView) },
  },
  problems: [409],
});

const listRoute = endpoint(permissions['orders.list'], {
  summary: 'List the orders that the caller may see',
  request: {
    query: z.object({
      status: orderStatus.optional(),
      toShip: z.enum(['true', 'false']).optional().openapi({
        description:
          'true: only PAID orders with a line that is not shipped; for a seller, a line of their own',
      }),
      reason: printable(100).optional().openapi({ description: 'Why the order was cancelled' }),
      customerId: resourceId(200).optional(),
      stuckSeconds: integerIn(1, maxStuckSeconds)
        .optional()
        .openapi({
          description:
            'Only orders that wait for the next step of the saga and have not changed for this many seconds. These are PENDING ' +
            'orders, and CONFIRMED orders if their payment mode is AUTO, or their payment has succeeded, or their reservation ' +
            'expired at least this long ago.',
        }),
      placedFrom: instant.optional().openapi({ description: 'Only orders placed at this instant or later' }),
      placedBefore: instant.optional().openapi({ description: 'Only orders placed before this instant' }),
      sort: z.enum(['newest', 'oldest']).default('newest'),
      ...pageQuery,
    }),
  },
  responses: {
    200: {
      description: 'A page of orders',
      content: json(pageOf(orderView, 'OrderPage')),
    },
  },
});

const readRoute = endpoint(permissions['orders.read'], {
  summary: 'Read an order',
  request: { params: orderId },
  responses: {
    200: {
      description: 'The order; its ETag is its version and a hash of the body',
      content: json(orderView),
    },
    ...notModified,
  },
});

const historyRoute = endpoint(permissions['orders.history'], {
  summary: 'Read the audit trail of an order, oldest entry first',
  request: { params: orderId },
  responses: {
    200: {
      description:
        'One entry for each command, event, deadline and repair of the order that was accepted or ignored, none for those that were rejected; at most the first 1,000',
      content: json(trailView),
    },
  },
});

const lastEventId = z
  .string()
  .regex(/^\d{1,15}$/, 'must be the id of an event of this stream')
  .transform(Number)
  .optional()
  .openapi({
    type: 'string',
    description: 'Id of the last event that the client received; the stream continues after it',
  });

const eventsRoute = endpoint(permissions['orders.events'], {
  kind: 'stream',
  summary: 'Follow the audit trail of an order as Server-Sent Events',
  description:
    'Sends one event per entry of the trail: the existing entries, oldest first, then new entries as they are written. `id` is ' +
    'the sequence number of the entry, `event` its type, `data` JSON with `type`, `outcome`, `status`, `version` and ' +
    '`occurredAt`. Comments are sent while there is no entry to send. The stream ends when the order is CANCELLED or ' +
    'FULFILLED and every entry was sent, and otherwise after some minutes. A client that reconnects with `Last-Event-ID` ' +
    'misses no entry and gets none twice. Entries about stock or payment can follow the final status: a later request with `Last-Event-ID` gets them.',
  request: {
    params: orderId,
    headers: z.object({ 'last-event-id': lastEventId }),
  },
  responses: {
    200: { description: 'The stream', content: { 'text/event-stream': { schema: z.string() } } },
    204: {
      description:
        'The order has a final status, and there is no entry after `Last-Event-ID`. An EventSource does not reconnect after this response.',
    },
  },
});

const action = (summary: string) => ({
  summary,
  request: { params: orderId, headers: z.object(idempotencyKeyHeader) },
  responses: { 200: { description: 'The order after the action', content: json(orderView) } },
  problems: [409, 422],
});
const cancelRoute = endpoint(permissions['orders.cancel'], action('Cancel an order before it ships'));
const confirmRoute = endpoint(
  permissions['orders.confirm'],
  action('Confirm the caller’s lines of a PAID order'),
);
const fulfillRoute = endpoint(
  permissions['orders.fulfill'],
  action('Ship the caller’s lines of a PAID order'),
);
const repairRoute = endpoint(permissions['orders.repair'], repairConfig(orderId));

export const orderApi = {
  place: placeRoute,
  list: listRoute,
  read: readRoute,
  history: historyRoute,
  events: eventsRoute,
  cancel: cancelRoute,
  confirm: confirmRoute,
  fulfill: fulfillRoute,
  repair: repairRoute,
} as const;
