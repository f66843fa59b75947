// The story of an order. Only administrators may read it, because it contains personal data and amounts.
import type { z } from '@hono/zod-openapi';
import { problem } from '../../platform/http/endpoint/problem.ts';
import type { App } from '../../platform/http/server/request-context.ts';
import { isTransient } from '../../platform/database/transient.ts';
import { UndecodableRecord, type EventCodec } from '../../platform/event-codec/event-codec.ts';
import { redact } from '../../platform/process/logger.ts';
import type { Story, StoryEvent } from '../stories/read-story.ts';
import { messageOf } from '../../platform/process/message-of.ts';
import { auditorApi, type storyEventView } from './api.ts';

export interface StorySources {
  readonly read: (id: string) => Promise<Story>;
  readonly codec: Pick<EventCodec, 'decode'>;
}

type Decoded = Pick<z.infer<typeof storyEventView>, 'data' | 'undecodable'>;

const decode = async (payload: Buffer, codec: StorySources['codec']): Promise<Decoded> => {
  try {
    const { data } = await codec.decode(payload);
    return { data: redact(data), undecodable: null };
  } catch (error) {
    // The story is shown without payloads while the schema registry is unavailable.
    if (!(error instanceof UndecodableRecord) && !isTransient(error)) throw error;
    return { data: null, undecodable: messageOf(error) };
  }
};

const toView = async (
  { payload, publishedAt, position, consumptions, ...event }: StoryEvent,
  codec: StorySources['codec'],
): Promise<z.infer<typeof storyEventView>> => ({
  ...event,
  publishedAt: publishedAt ?? null,
  position: position ?? null,
  ...(await decode(payload, codec)),
  consumptions: [...consumptions],
});

export function registerStoryRoutes(app: App, { read, codec }: StorySources): void {
  app.openapi(auditorApi.readStory, async (c) => {
    const { id } = c.req.valid('param');
    const { orders, correlationIds, steps, calls, events } = await read(id);
    if (orders.length === 0 && events.length === 0)
      throw problem('not_found', { detail: `There is no order, event or correlation id ${id}.` });
    const eventViews = await Promise.all(events.map((event) => toView(event, codec)));
    const story = {
      orders: [...orders],
      correlationIds: [...correlationIds],
      steps: [...steps],
      calls: [...calls],
      events: eventViews,
    };
    return c.json(story, 200, { 'Cache-Control': 'no-store' });
  });
}
