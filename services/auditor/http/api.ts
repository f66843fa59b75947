// The auditor's API as its clients see it: shapes and endpoints. No behaviour, so that clients and documentation can be made
// from it.
import { z } from '@hono/zod-openapi';
import { endpoint } from '../../platform/http/endpoint/endpoint.ts';
import { json } from '../../platform/http/request/shapes.ts';
import { everyService } from '../domain/facts.ts';
import { permissions } from './permissions.ts';

const time = z.number().openapi({ description: 'Milliseconds since the epoch, with fractions' });
const service = z.enum(everyService);

const consumptionView = z.object({
  consumer: z.string().openapi({ description: 'The consumer group' }),
  receivedAt: time.openapi({ description: 'When its transaction began' }),
  committedAt: time,
  outcome: z
    .string()
    .openapi({ description: '`accepted`, `ignored: <reason>`, or of which cause it is a dead letter' }),
  letterId: z.string().nullable().openapi({ description: 'Of a dead letter' }),
  attempts: z.int().nullable().openapi({ description: 'Of a dead letter' }),
});

export const storyEventView = z.object({
  id: z.string(),
  eventType: z.string(),
  emittedBy: service,
  key: z.string(),
  correlationId: z.string(),
  causationId: z.string(),
  traceparent: z.string(),
  schemaId: z.int(),
  occurredAt: time,
  committedAt: time,
  publishedAt: time.nullable().openapi({ description: 'Null until somebody has consumed the event' }),
  position: z.object({ topic: z.string(), partition: z.int(), offset: z.string() }).nullable(),
  data: z.unknown().openapi({ description: 'Decoded, without credentials; null when it cannot be decoded' }),
  undecodable: z.string().nullable(),
  consumptions: z.array(consumptionView),
});

export const storyView = z
  .object({
    orders: z.array(
      z.object({
        id: z.string(),
        customerId: z.string(),
        status: z.string(),
        cancellationReason: z.string().nullable(),
        placedAt: time,
        updatedAt: time,
        expiresAt: time.nullable().openapi({ description: 'When the hold on the stock lapses' }),
      }),
    ),
    correlationIds: z.array(z.string()),
    steps: z.array(
      z.object({
        orderId: z.string(),
        type: z.string(),
        inputId: z.string().openapi({ description: 'The event or request that was handled' }),
        actor: z.string(),
        outcome: z.string(),
        status: z.string().openapi({ description: 'Of the order, afterwards' }),
        recordedAt: time,
      }),
    ),
    calls: z
      .array(
        z.object({
          id: z.string(),
          orderId: z.string(),
          kind: z.enum(['charge', 'refund']),
          state: z.enum(['due', 'unknown', 'succeeded', 'declined', 'abandoned']),
          attempts: z.int(),
          lastError: z.string().nullable(),
          causationId: z.string(),
          createdAt: time,
          updatedAt: time,
          dueAt: time.openapi({ description: 'When the provider is asked (again)' }),
        }),
      )
      .openapi({ description: 'What was asked of the payment provider' }),
    events: z.array(storyEventView).openapi({ description: 'In the order of their commits' }),
  })
  .openapi('Story');

export const auditorApi = {
  readStory: endpoint(permissions['stories.read'], {
    tags: ['stories'],
    summary: 'The story of an order: its events, who consumed them, and when',
    description:
      'By the id of the order, of one of its events, or by a correlation id. Read anew from all three databases.',
    request: {
      params: z.object({
        id: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'must be the id of an order, an event or a request'),
      }),
    },
    responses: { 200: { description: 'What the databases know', content: json(storyView) } },
  }),
};
