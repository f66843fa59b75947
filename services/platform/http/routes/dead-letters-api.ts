// The contract of the dead-letter API: schemas, endpoints and problems. No behaviour.
import { permissionsOfServices } from '../endpoint/permissions.ts';
import { z } from '@hono/zod-openapi';
import { json, jsonBody, pageOf, pageQuery } from '../request/shapes.ts';
import { idempotencyKeyHeader, idempotencyProblems } from '../request/idempotency-http.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { defineProblems } from '../endpoint/problem.ts';
import { lookup, printable, uuid } from '../request/text.ts';

export const { kinds: deadLetterProblems, problem } = defineProblems({
  ...idempotencyProblems,
  dead_letter_archived: {
    status: 409,
    title: 'Dead letter is archived',
    explanation: 'An archived dead letter is final: it can be neither replayed nor archived again.',
  },
  dead_letter_replayed: {
    status: 409,
    title: 'Dead letter is replayed',
    explanation: 'A replay has handled the event of this dead letter, so it cannot be archived.',
  },
  replay_failed: {
    status: 409,
    title: 'Replay failed',
    explanation:
      'The event failed again and its dead letter stays in state `parked`. Fix the cause and replay the dead letter again, or archive it.',
  },
});

const state = z.enum(['parked', 'replayed', 'archived']);
export const summary = z
  .object({
    id: z.uuid(),
    state,
    fingerprint: z.string().openapi({ description: 'Name and code of the error, and the event type' }),
    error: z.string().openapi({ description: 'First line of the error' }),
    attempts: z.int(),
    replays: z.int(),
    replayError: z.string().nullable(),
    consumer: z.string(),
    topic: z.string(),
    partition: z.int(),
    offset: z.string(),
    key: z.string().nullable(),
    eventId: z.string().nullable(),
    eventType: z.string().nullable(),
    publishedAt: z.iso.datetime(),
    failedAt: z.iso.datetime(),
    settledAt: z.iso.datetime().nullable(),
    settledBy: z.string().nullable(),
    archiveReason: z.string().nullable(),
  })
  .openapi('DeadLetter');
const whole = summary
  .extend({
    stack: z.string(),
    headers: z.record(z.string(), z.string()),
    valueBase64: z
      .string()
      .nullable()
      .openapi({ description: 'The bytes of a value that cannot be decoded, with credentials redacted' }),
    event: z.object({ type: z.string(), data: z.unknown(), metadata: z.unknown() }).nullable().openapi({
      description: 'The decoded event with credentials redacted; null when it cannot be decoded',
    }),
    undecodable: z.string().nullable().openapi({ description: 'Why the event cannot be decoded now' }),
  })
  .openapi('WholeDeadLetter');
export type DeadLetterSummary = z.infer<typeof summary>;
export type WholeDeadLetter = z.infer<typeof whole>;
const page = pageOf(summary, 'DeadLetterPage');
const groups = z
  .object({
    data: z.array(
      z.object({
        fingerprint: z.string(),
        count: z.int(),
        firstAt: z.iso.datetime(),
        lastAt: z.iso.datetime(),
        sampleId: z.uuid(),
        sampleError: z.string(),
      }),
    ),
  })
  .openapi('DeadLetterGroups');
export type DeadLetterGroup = z.infer<typeof groups>['data'][number];
export const result = z
  .object({
    id: z.uuid(),
    outcome: z.enum(['accepted', 'ignored', 'duplicate', 'failed']),
    reason: z.string().optional(),
  })
  .openapi('ReplayResult');
export type Replayed = z.infer<typeof result>;
export const groupResult = z
  .object({
    replayed: z.int(),
    failed: z.int(),
    remaining: z.int().openapi({ description: 'Dead letters of the fingerprint that are still `parked`' }),
    endedEarly: z.boolean().openapi({
      description:
        'Whether a temporary failure ended the replay, because the other dead letters would fail too',
    }),
    results: z.array(result),
  })
  .openapi('GroupReplayResult');
export type GroupReplayed = z.infer<typeof groupResult>;

const shared = { tags: ['dead letters'] };
const params = z.object({ id: uuid });
const headers = z.object(idempotencyKeyHeader);
const fingerprint = lookup(500);

export const listRoute = endpoint(permissionsOfServices['dead-letters.list'], {
  ...shared,
  summary: 'Dead letters, newest first',
  request: {
    query: z.object({
      state: state.optional(),
      fingerprint: fingerprint.optional(),
      ...pageQuery,
    }),
  },
  responses: {
    200: { description: 'A page of dead letters', content: json(page) },
  },
});
export const groupsRoute = endpoint(permissionsOfServices['dead-letters.groups'], {
  ...shared,
  summary: 'Dead letters in state `parked` by fingerprint, the hundred largest groups',
  responses: {
    200: { description: 'One entry per fingerprint', content: json(groups) },
  },
});
export const readRoute = endpoint(permissionsOfServices['dead-letters.read'], {
  ...shared,
  summary: 'One dead letter with all its details',
  request: { params },
  responses: {
    200: { description: 'The dead letter', content: json(whole) },
  },
});
export const groupReplayRoute = endpoint(permissionsOfServices['dead-letters.replay-group'], {
  ...shared,
  summary:
    'Replay up to `limit` dead letters of one fingerprint that are in state `parked`; each is replayed once, and a further call with a new Idempotency-Key, or without one, continues with the rest',
  request: {
    headers,
    body: jsonBody(
      z
        .strictObject({ fingerprint, limit: z.int().min(1).max(100).default(20) })
        .openapi('ReplayDeadLetters'),
    ),
  },
  responses: {
    200: { description: 'The outcome of each replay', content: json(groupResult) },
  },
  problems: [409, 422],
});
export const replayRoute = endpoint(permissionsOfServices['dead-letters.replay'], {
  ...shared,
  summary: 'Replay one dead letter; repeating a successful replay changes nothing',
  request: { params, headers },
  responses: {
    200: { description: 'The outcome of the replay', content: json(result) },
  },
  problems: [409, 422],
});
export const archiveRoute = endpoint(permissionsOfServices['dead-letters.archive'], {
  ...shared,
  summary: 'Archive a dead letter in state `parked`: it is never replayed',
  request: {
    params,
    headers,
    body: jsonBody(z.strictObject({ reason: printable(500) }).openapi('ArchiveDeadLetter')),
  },
  responses: {
    200: { description: 'The archived dead letter', content: json(summary) },
  },
  problems: [409],
});
