// `GET /api/v1/orders/{id}/events`: streams the audit trail of an order to callers who may see the order.
import type { Database } from '../../platform/database/database.ts';
import type { OpenRequests } from '../../platform/http/limits/open-requests.ts';
import { problem } from '../../platform/http/endpoint/problem.ts';
import { callerOf, type App } from '../../platform/http/server/request-context.ts';
import { orderApi } from './api.ts';
import { isFinal } from '../domain/order.ts';
import { streamTrail, type OrderStreamOptions } from './order-stream.ts';
import { findTrailHead, readTrailAfter } from './trail.ts';
import { viewerOf } from './viewer.ts';

interface OrderEventsOptions extends Omit<OrderStreamOptions, 'readAfter'> {
  readonly db: Database;
  readonly streams: OpenRequests;
  readonly stopping: AbortSignal;
}

export function registerOrderEvents(
  app: App,
  { db, streams, stopping, ...options }: OrderEventsOptions,
): void {
  const source: OrderStreamOptions = {
    ...options,
    readAfter: (orderId, after, limit) => readTrailAfter(db, orderId, after, limit),
  };
  app.openapi(orderApi.events, async (c) => {
    const after = c.req.valid('header')['last-event-id'] ?? 0;
    const head = await findTrailHead(db, c.req.valid('param').id, viewerOf(c));
    if (!head) throw problem('not_found');
    if (after > head.sequence) {
      // The trail has no entry with this number yet; following it from there would skip the entries in between.
      throw problem('bad_request', {
        detail:
          'Last-Event-ID is not the id of an event of this order. Send the id of the last event that you received, or omit the header.',
      });
    }
    if (isFinal(head.status) && after === head.sequence) return c.body(null, 204);
    // A response to HEAD has no body: a stream would stay open without a reader.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });

    const opened = streams.open(callerOf(c).subject);
    switch (opened) {
      case 'full':
        throw problem('unavailable', {
          detail: 'This instance has reached its limit of open streams.',
          headers: { 'Retry-After': '5' },
        });
      case 'too_many':
        throw problem('too_many_requests', {
          detail: 'You have reached the limit of open streams for one caller. Close one first.',
          headers: { 'Retry-After': '5' },
        });
      default:
        return streamTrail(c, { orderId: head.orderId, after }, opened, source, stopping);
    }
  });
}
