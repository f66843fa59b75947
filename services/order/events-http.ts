// `GET /api/v1/orders/{id}/events`: the trail of an order as it grows, for everybody who may see the order.
import { createRoute, z } from '@hono/zod-openapi';
import type { Principal } from '../platform/auth.ts';
import type { Database } from '../platform/database.ts';
import { principalOf, type App } from '../platform/http.ts';
import type { OpenRequests } from '../platform/open-requests.ts';
import { problem, problemResponses } from '../platform/problem.ts';
import { isFinal } from './domain/order.ts';
import { streamTrail, type OrderStreamOptions } from './order-stream.ts';
import type { Viewer } from './store.ts';
import { findTrailHead, readTrailAfter } from './trail.ts';

const lastEventId = z
  .string()
  .regex(/^\d{1,15}$/, 'must be the id of an event of this stream')
  .transform(Number)
  .optional()
  .openapi({
    type: 'string',
    description: 'Id of the last event that was seen; the stream goes on after it',
  });

const eventsRoute = createRoute({
  method: 'get',
  path: '/api/v1/orders/{id}/events',
  summary: 'The trail of an order as Server-Sent Events',
  description:
    'One event per entry of the trail, oldest first, then as they happen: `id` is its sequence number, `event` its type, ' +
    '`data` JSON with `type`, `outcome`, `status`, `version` and `occurredAt`. A comment is sent while nothing happens. ' +
    'The stream ends when the order is CANCELLED or FULFILLED and every entry was sent, and otherwise after some minutes: ' +
    'come back with `Last-Event-ID`, nothing is missed and nothing repeated. Entries about stock or money that follow the ' +
    'final state are seen by coming back, too.',
  security: [{ bearer: [] }],
  request: {
    params: z.object({ id: z.uuid() }),
    headers: z.object({ 'last-event-id': lastEventId }),
  },
  responses: {
    200: { description: 'The stream', content: { 'text/event-stream': { schema: z.string() } } },
    204: { description: 'The order is in a final state and everything was seen: do not come back' },
    ...problemResponses(400, 401, 404, 429, 503),
  },
});

export interface OrderEventsOptions extends Omit<OrderStreamOptions, 'readAfter'> {
  readonly db: Database;
  readonly streams: OpenRequests;
  readonly viewerOf: (principal: Principal) => Viewer;
  readonly stopping: AbortSignal;
}

/** Adds the route to an application that authenticates its callers. */
export function registerOrderEvents(
  app: App,
  { db, streams, viewerOf, stopping, ...options }: OrderEventsOptions,
): void {
  const source: OrderStreamOptions = {
    ...options,
    readAfter: (orderId, after, limit) => readTrailAfter(db, orderId, after, limit),
  };
  app.openapi(eventsRoute, async (c) => {
    const principal = principalOf(c);
    const after = c.req.valid('header')['last-event-id'] ?? 0;
    const head = await findTrailHead(db, c.req.valid('param').id, viewerOf(principal));
    if (!head) throw problem('not_found');
    if (after > head.sequence) {
      // Waiting for the trail to get there could skip entries.
      throw problem('bad_request', { detail: 'Last-Event-ID is not the id of an event of this order.' });
    }
    if (isFinal(head.status) && after === head.sequence) return c.body(null, 204);
    // Nobody would read the body of an answer to HEAD, nor notice that it is not read.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });

    const place = streams.open(principal.subject);
    switch (place) {
      case 'full':
        throw problem('unavailable', {
          detail: 'This instance has as many streams open as it may have.',
          headers: { 'Retry-After': '5' },
        });
      case 'too_many':
        throw problem('too_many_requests', {
          detail: 'You have as many streams open as one caller may have. Close one first.',
          headers: { 'Retry-After': '5' },
        });
      default:
        return streamTrail(c, { orderId: head.orderId, after }, place, source, stopping);
    }
  });
}
