// The API of the dead letters as its clients see it: shapes, endpoints, problems. No behaviour.
import { permissionsOfServices } from '../endpoint/permissions.ts';
import { z } from '@hono/zod-openapi';
import { json, pageOf, pageQuery } from '../request/shapes.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { defineProblems } from '../endpoint/problem.ts';
import { lookup, printable, uuid } from '../request/text.ts';

export const { kinds: deadLetterProblems, problem } = defineProblems({
  dead_letter_archived: {
    status: 409,
    title: 'Dead letter is archived',
    explanation: 'An archived dead letter was given up for good; it is neither replayed nor archived again.',
  },
  dead_letter_replayed: {
    status: 409,
    title: 'Dead letter is replayed',
    explanation: 'The event of this dead letter was handled by a replay; there is nothing left to archive.',
  },
  replay_failed: {
    status: 409,
    title: 'Replay failed',
    explanation:
      'The event failed again and its dead letter stays parked. Remove the cause, then replay it again, or archive it.',
  },
});

const state = z.enum(['parked', 'replayed', 'archived']);
const summary = z
  .object({
    id: z.uuid(),
    state,
    fingerprint: z.string().openapi({ description: 'Class and code of the error, and the event type' }),
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
      .openapi({ description: 'The bytes of what cannot be decoded, credentials blanked' }),
    event: z
      .object({ type: z.string(), data: z.unknown(), metadata: z.unknown() })
      .nullable()
      .openapi({ description: 'The decoded event, credentials blanked; null when it cannot be decoded' }),
    undecodable: z.string().nullable().openapi({ description: 'Why it cannot be decoded at present' }),
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
const result = z
  .object({
    id: z.uuid(),
    outcome: z.enum(['accepted', 'ignored', 'duplicate', 'failed']),
    reason: z.string().optional(),
  })
  .openapi('ReplayResult');
export type Replayed = z.infer<typeof result>;
const groupResult = z
  .object({
    replayed: z.int(),
    failed: z.int(),
    remaining: z.int().openapi({ description: 'Letters of the fingerprint that are still parked' }),
    results: z.array(result),
  })
  .openapi('GroupReplayResult');
export type GroupReplayed = z.infer<typeof groupResult>;

const shared = { tags: ['dead letters'] };
const params = z.object({ id: uuid });
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
  summary: 'Parked dead letters by fingerprint, the largest hundred groups',
  responses: {
    200: { description: 'One entry per fingerprint', content: json(groups) },
  },
});
export const readRoute = endpoint(permissionsOfServices['dead-letters.read'], {
  ...shared,
  summary: 'One dead letter with all that was kept of it',
  request: { params },
  responses: {
    200: { description: 'The dead letter', content: json(whole) },
  },
});
export const groupReplayRoute = endpoint(permissionsOfServices['dead-letters.replay-group'], {
  ...shared,
  summary: 'Replay parked dead letters of one fingerprint',
  request: {
    body: {
      content: json(
        z
          .strictObject({ fingerprint, limit: z.int().min(1).max(100).default(20) })
          .openapi('ReplayDeadLetters'),
      ),
      required: true,
    },
  },
  responses: {
    200: { description: 'What came of each', content: json(groupResult) },
  },
});
export const replayRoute = endpoint(permissionsOfServices['dead-letters.replay'], {
  ...shared,
  summary: 'Replay one dead letter; repeating it changes nothing',
  request: { params },
  responses: {
    200: { description: 'What came of it', content: json(result) },
  },
  problems: [409],
});
export const archiveRoute = endpoint(permissionsOfServices['dead-letters.archive'], {
  ...shared,
  summary: 'Give a parked dead letter up for good',
  request: {
    params,
    body: {
      content: json(z.strictObject({ reason: printable(500) }).openapi('ArchiveDeadLetter')),
      required: true,
    },
  },
  responses: {
    200: { description: 'The archived dead letter', content: json(summary) },
  },
  problems: [409],
});
