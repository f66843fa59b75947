// The administrators' view of the dead letters of a service: list, group by cause, look inside, replay, archive. Every
// change is logged with who asked for it.
import { z } from '@hono/zod-openapi';
import { json, pageOf, pageQuery, positionIn } from '../request/shapes.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { personsActionOf, type App } from '../server/request-context.ts';
import { and, count, desc, eq, lt, max, min, sql } from 'drizzle-orm';
import { deadLetters } from '../../../../drizzle/messaging/schema.ts';
import { recordAction } from '../../audit-log/audit-log.ts';
import { encodeCursor } from '../request/cursor.ts';
import { alreadySettled, archiveDeadLetter, type DeadLetter } from '../../messaging/dead-letters.ts';
import { UndecodableRecord, type EventCodec } from '../../event-codec/event-codec.ts';
import { redact, withoutCredentials } from '../../process/logger.ts';
import { defineProblems } from '../endpoint/problem.ts';
import {
  replayDeadLetter,
  replayGroup,
  type ReplayParts,
  type ReplayResult,
} from '../../messaging/replay-dead-letters.ts';
import { lookup, printable } from '../request/text.ts';
import { isTransient } from '../../database/transient.ts';

const { kinds: deadLetterProblems, problem } = defineProblems({
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
export { deadLetterProblems };

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
const result = z
  .object({
    id: z.uuid(),
    outcome: z.enum(['accepted', 'ignored', 'duplicate', 'failed']),
    reason: z.string().optional(),
  })
  .openapi('ReplayResult');
const groupResult = z
  .object({
    replayed: z.int(),
    failed: z.int(),
    remaining: z.int().openapi({ description: 'Letters of the fingerprint that are still parked' }),
    results: z.array(result),
  })
  .openapi('GroupReplayResult');

const shared = { tags: ['dead letters'] };
const params = z.object({ id: z.uuid() });
const fingerprint = lookup(500);

const listRoute = endpoint('dead-letters.list', {
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
const groupsRoute = endpoint('dead-letters.groups', {
  ...shared,
  summary: 'Parked dead letters by fingerprint, the largest hundred groups',
  responses: {
    200: { description: 'One entry per fingerprint', content: json(groups) },
  },
});
const readRoute = endpoint('dead-letters.read', {
  ...shared,
  summary: 'One dead letter with all that was kept of it',
  request: { params },
  responses: {
    200: { description: 'The dead letter', content: json(whole) },
  },
});
const groupReplayRoute = endpoint('dead-letters.replay-group', {
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
const replayRoute = endpoint('dead-letters.replay', {
  ...shared,
  summary: 'Replay one dead letter; repeating it changes nothing',
  request: { params },
  responses: {
    200: { description: 'What came of it', content: json(result) },
  },
  problems: [409],
});
const archiveRoute = endpoint('dead-letters.archive', {
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

const firstLine = (text: string): string => withoutCredentials(text.split('\n')[0] ?? '').slice(0, 300);

const toSummary = (letter: DeadLetter): z.infer<typeof summary> => ({
  id: letter.id,
  state: letter.state,
  fingerprint: letter.fingerprint,
  error: firstLine(letter.error),
  attempts: letter.attempts,
  replays: letter.replays,
  replayError: letter.replayError === null ? null : firstLine(letter.replayError),
  consumer: letter.consumer,
  topic: letter.topic,
  partition: letter.partition,
  offset: String(letter.offset),
  key: letter.key,
  eventId: letter.eventId,
  eventType: letter.eventType,
  publishedAt: letter.publishedAt.toISOString(),
  failedAt: letter.failedAt.toISOString(),
  settledAt: letter.settledAt?.toISOString() ?? null,
  settledBy: letter.settledBy,
  archiveReason: letter.archiveReason,
});

type Decoded = Pick<z.infer<typeof whole>, 'event' | 'undecodable' | 'valueBase64'>;

/** As bytes, a value would carry past every redaction what its event has blanked. */
const withoutCredentialBytes = (value: Buffer): string =>
  Buffer.from(withoutCredentials(value.toString('latin1')), 'latin1').toString('base64');

const decoded = async ({ value }: DeadLetter, codec: EventCodec): Promise<Decoded> => {
  if (value === null) return { event: null, valueBase64: null, undecodable: 'the record has no value' };
  try {
    const { type, data, metadata } = await codec.decode(value);
    const event = { type, data: redact(data), metadata: redact(metadata) };
    return { event, valueBase64: null, undecodable: null };
  } catch (error) {
    // Also while the registry is away: what was kept can be read all the same.
    if (!(error instanceof UndecodableRecord) && !isTransient(error)) throw error;
    const undecodable = error instanceof Error ? error.message : String(error);
    return { event: null, valueBase64: withoutCredentialBytes(value), undecodable };
  }
};

const toResult = (replayed: ReplayResult): z.infer<typeof result> => {
  const { id, kind: outcome } = replayed;
  const reason = replayed.kind === 'failed' ? firstLine(replayed.error.message) : replayed.reason;
  return { id, outcome, ...(reason === undefined ? {} : { reason }) };
};

/** Where a page of dead letters begins: before this id. */
const letterPosition = z.tuple([z.uuid()]).transform(([id]) => id);

/** Adds the routes below `/api/v1/dead-letters`. Callers must have been authenticated by what guards `/api`. */
export function registerDeadLetterRoutes(
  app: App,
  parts: ReplayParts & { readonly codec: EventCodec },
): void {
  const { db, codec, logger } = parts;

  const find = async (id: string): Promise<DeadLetter> => {
    const [letter] = await db.select().from(deadLetters).where(eq(deadLetters.id, id));
    if (!letter) throw problem('not_found');
    return letter;
  };

  app.openapi(listRoute, async (c) => {
    const query = c.req.valid('query');
    const before = positionIn(query.cursor, letterPosition);
    // The ids are time-ordered, so they are the position of a page.
    const found = await db
      .select()
      .from(deadLetters)
      .where(
        and(
          query.state === undefined ? undefined : eq(deadLetters.state, query.state),
          query.fingerprint === undefined ? undefined : eq(deadLetters.fingerprint, query.fingerprint),
          before === undefined ? undefined : lt(deadLetters.id, before),
        ),
      )
      .orderBy(desc(deadLetters.id))
      .limit(query.limit + 1);
    const data = found.slice(0, query.limit).map(toSummary);
    const last = data.at(-1);
    return c.json(
      { data, nextCursor: found.length > query.limit && last ? encodeCursor(last.id) : null },
      200,
    );
  });

  app.openapi(groupsRoute, async (c) => {
    const found = await db
      .select({
        fingerprint: deadLetters.fingerprint,
        count: count(),
        firstAt: min(deadLetters.failedAt),
        lastAt: max(deadLetters.failedAt),
        sampleId: sql<string>`max(${deadLetters.id}::text)`,
        sampleError: sql<string>`(array_agg(${deadLetters.error} order by ${deadLetters.id} desc))[1]`,
      })
      .from(deadLetters)
      .where(eq(deadLetters.state, 'parked'))
      .groupBy(deadLetters.fingerprint)
      .orderBy(desc(count()), deadLetters.fingerprint)
      .limit(100);
    const data = found.map(({ firstAt, lastAt, sampleError, ...group }) => ({
      ...group,
      firstAt: firstAt?.toISOString() ?? '',
      lastAt: lastAt?.toISOString() ?? '',
      sampleError: firstLine(sampleError),
    }));
    return c.json({ data }, 200);
  });

  app.openapi(readRoute, async (c) => {
    const letter = await find(c.req.valid('param').id);
    const view = {
      ...toSummary(letter),
      stack: letter.error,
      headers: letter.headers,
      ...(await decoded(letter, codec)),
    };
    return c.json(view, 200);
  });

  app.openapi(groupReplayRoute, async (c) => {
    const action = personsActionOf(c);
    const group = c.req.valid('json');
    const { results, remaining } = await replayGroup(parts, group, action, c.get('traceparent'));
    const failed = results.filter(({ kind }) => kind === 'failed').length;
    const counts = { replayed: results.length - failed, failed, remaining };
    logger.info('dead letters of a group replayed', { ...counts, ...group, actor: action.subject });
    return c.json({ ...counts, results: results.map(toResult) }, 200);
  });

  app.openapi(replayRoute, async (c) => {
    const action = personsActionOf(c);
    const letter = await find(c.req.valid('param').id);
    if (letter.state === 'archived') throw problem('dead_letter_archived');
    if (letter.state === 'replayed') {
      await recordAction(db, action, alreadySettled, new Date());
      return c.json({ id: letter.id, outcome: 'duplicate' as const }, 200);
    }
    const replayed = await replayDeadLetter(parts, letter, action, c.get('traceparent'));
    if (replayed.kind !== 'failed') return c.json(toResult(replayed), 200);
    const cause = replayed.error;
    if (isTransient(cause)) throw problem('unavailable', { headers: { 'Retry-After': '1' }, cause });
    throw problem('replay_failed', { detail: firstLine(cause.message), cause });
  });

  app.openapi(archiveRoute, async (c) => {
    const action = personsActionOf(c);
    const { id } = c.req.valid('param');
    const { reason } = c.req.valid('json');
    const archived = await archiveDeadLetter(db, id, { reason, action, at: new Date() });
    if (!archived) {
      const settled = await find(id);
      throw problem(settled.state === 'replayed' ? 'dead_letter_replayed' : 'dead_letter_archived');
    }
    logger.info('dead letter archived', { deadLetterId: id, reason, actor: action.subject });
    return c.json(toSummary(archived), 200);
  });
}
