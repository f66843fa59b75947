// The routes with which administrators read, replay and archive the dead letters of a service. The invariant: every change
// is logged with its actor, and no response contains a credential of a dead letter.
import { z } from '@hono/zod-openapi';
import { positionIn } from '../request/shapes.ts';
import { personsActionOf, type App, type AppContext } from '../server/request-context.ts';
import { and, count, desc, eq, lt, max, min, sql } from 'drizzle-orm';
import { deadLetters } from '../../../../drizzle/messaging/schema.ts';
import { recordAction } from '../../audit-log/audit-log.ts';
import { encodeCursor } from '../request/cursor.ts';
import { claimOf, replayHeaders, runKeyed } from '../request/idempotency-http.ts';
import { alreadySettled, archiveDeadLetter, type DeadLetter } from '../../messaging/dead-letters.ts';
import { UndecodableRecord, type EventCodec } from '../../event-codec/event-codec.ts';
import { redact, withoutCredentials } from '../../process/logger.ts';
import { messageOf } from '../../process/message-of.ts';
import {
  replayDeadLetter,
  replayGroup,
  type ReplayDependencies,
  type ReplayResult,
} from '../../messaging/replay-dead-letters.ts';
import { isTransient } from '../../database/transient.ts';
import {
  problem,
  listRoute,
  groupsRoute,
  readRoute,
  groupReplayRoute,
  replayRoute,
  archiveRoute,
  groupResult,
  result,
  summary,
  type DeadLetterSummary,
  type WholeDeadLetter,
  type Replayed,
} from './dead-letters-api.ts';

const firstLine = (text: string): string => withoutCredentials(text.split('\n')[0] ?? '').slice(0, 300);

const toSummary = (deadLetter: DeadLetter): DeadLetterSummary => ({
  id: deadLetter.id,
  state: deadLetter.state,
  fingerprint: deadLetter.fingerprint,
  error: firstLine(deadLetter.error),
  attempts: deadLetter.attempts,
  replays: deadLetter.replays,
  replayError: deadLetter.replayError === null ? null : firstLine(deadLetter.replayError),
  consumer: deadLetter.consumer,
  topic: deadLetter.topic,
  partition: deadLetter.partition,
  offset: String(deadLetter.offset),
  key: deadLetter.key === null ? null : withoutCredentials(deadLetter.key),
  eventId: deadLetter.eventId,
  eventType: deadLetter.eventType,
  publishedAt: deadLetter.publishedAt.toISOString(),
  failedAt: deadLetter.failedAt.toISOString(),
  settledAt: deadLetter.settledAt?.toISOString() ?? null,
  settledBy: deadLetter.settledBy,
  archiveReason: deadLetter.archiveReason,
});

type Decoded = Pick<WholeDeadLetter, 'event' | 'undecodable' | 'valueBase64'>;

/** Redacts the raw bytes; `redact` works only on decoded events. */
const withoutCredentialBytes = (value: Buffer): string =>
  Buffer.from(withoutCredentials(value.toString('latin1')), 'latin1').toString('base64');

const decoded = async ({ value }: DeadLetter, codec: EventCodec): Promise<Decoded> => {
  if (value === null) return { event: null, valueBase64: null, undecodable: 'the record has no value' };
  try {
    const { type, data, metadata } = await codec.decode(value);
    const event = { type, data: redact(data), metadata: redact(metadata) };
    return { event, valueBase64: null, undecodable: null };
  } catch (error) {
    // While the registry is unavailable, the bytes are shown instead of the event.
    if (!(error instanceof UndecodableRecord) && !isTransient(error)) throw error;
    const undecodable = messageOf(error);
    return { event: null, valueBase64: withoutCredentialBytes(value), undecodable };
  }
};

const toResult = (replayed: ReplayResult): Replayed => {
  const { id, kind: outcome } = replayed;
  const reason = replayed.kind === 'failed' ? firstLine(messageOf(replayed.error)) : replayed.reason;
  return { id, outcome, ...(reason === undefined ? {} : { reason }) };
};

/** The position in a cursor: the last id of a page. The next page has lower ids. */
const deadLetterPosition = z.tuple([z.uuid()]).transform(([id]) => id);

/** Adds the routes below `/api/v1/dead-letters`. */
export function registerDeadLetterRoutes(
  app: App,
  parts: ReplayDependencies & { readonly codec: EventCodec },
): void {
  const { db, codec, logger } = parts;

  const find = async (id: string): Promise<DeadLetter> => {
    const [deadLetter] = await db.select().from(deadLetters).where(eq(deadLetters.id, id));
    if (!deadLetter) throw problem('not_found');
    return deadLetter;
  };

  app.openapi(listRoute, async (c) => {
    const query = c.req.valid('query');
    const before = positionIn(query.cursor, deadLetterPosition);
    // The ids are ordered by time, so an id is the position of a page.
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
        // Reads one error per group; an aggregate would read them all.
        sampleError: sql<string>`(select d.error from dead_letters d where d.id = max(${deadLetters}.id::text)::uuid)`,
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
    const deadLetter = await find(c.req.valid('param').id);
    const view = {
      ...toSummary(deadLetter),
      stack: deadLetter.error,
      headers: Object.fromEntries(
        Object.entries(deadLetter.headers).map(([name, value]) => [name, withoutCredentials(value)]),
      ),
      ...(await decoded(deadLetter, codec)),
    };
    return c.json(view, 200);
  });

  app.openapi(groupReplayRoute, async (c) => {
    const action = personsActionOf(c);
    const group = c.req.valid('json');
    const key = c.req.valid('header')['idempotency-key'];
    const request = { key, body: group, status: 200, schema: groupResult };
    const { view, headers } = await runKeyed(c, db, request, async () => {
      const { results, remaining, endedEarly } = await replayGroup(
        parts,
        group,
        action,
        c.get('traceparent'),
      );
      const failed = results.filter(({ kind }) => kind === 'failed').length;
      const counts = { replayed: results.length - failed, failed, remaining, endedEarly };
      logger.info('dead letters of a group replayed', { ...counts, ...group, actor: action.subject });
      return { ...counts, results: results.map(toResult) };
    });
    return c.json(view, 200, headers);
  });

  const replayOne = async (c: AppContext, id: string): Promise<Replayed> => {
    const action = personsActionOf(c);
    const deadLetter = await find(id);
    if (deadLetter.state === 'archived') throw problem('dead_letter_archived');
    if (deadLetter.state === 'replayed') {
      await recordAction(db, action, alreadySettled, new Date());
      return { id, outcome: 'duplicate' };
    }
    const replayed = await replayDeadLetter(parts, deadLetter, action, c.get('traceparent'));
    if (replayed.kind !== 'failed') return toResult(replayed);
    const cause = replayed.error;
    if (isTransient(cause)) throw problem('unavailable', { headers: { 'Retry-After': '1' }, cause });
    throw problem('replay_failed', { detail: firstLine(messageOf(cause)), cause });
  };

  app.openapi(replayRoute, async (c) => {
    const { id } = c.req.valid('param');
    const key = c.req.valid('header')['idempotency-key'];
    const request = { key, body: {}, status: 200, schema: result };
    const { view, headers } = await runKeyed(c, db, request, () => replayOne(c, id));
    return c.json(view, 200, headers);
  });

  app.openapi(archiveRoute, async (c) => {
    const action = personsActionOf(c);
    const { id } = c.req.valid('param');
    const { reason } = c.req.valid('json');
    const claim = claimOf<DeadLetter>(c, c.req.valid('header')['idempotency-key'], { reason }, (decision) => {
      if (decision.kind === 'ignored') throw new Error(`an archive was ignored: ${decision.reason}`);
      return { status: 200, body: toSummary(decision.state), headers: {} };
    });
    const archived = await archiveDeadLetter(db, id, { reason, action, at: new Date() }, claim);
    if (archived.kind === 'duplicate')
      return c.json(summary.parse(archived.prior.body), 200, replayHeaders(archived.prior));
    if (archived.kind === 'settled') {
      const settled = await find(id);
      throw problem(settled.state === 'replayed' ? 'dead_letter_replayed' : 'dead_letter_archived');
    }
    logger.info('dead letter archived', { deadLetterId: id, reason, actor: action.subject });
    return c.json(toSummary(archived.deadLetter), 200);
  });
}
