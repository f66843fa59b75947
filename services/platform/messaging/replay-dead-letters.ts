// Replay: a dead letter goes through the consumer's dispatch and inbox claim, outside of Kafka. It is idempotent, because the letter is
// settled and the event is claimed in the transaction that handles it. A replay that fails leaves the letter parked.
import { and, asc, count, eq } from 'drizzle-orm';
import { deadLetters } from '../../../drizzle/messaging/schema.ts';
import { recordAction, type PersonsAction } from '../audit-log/audit-log.ts';
import type { Database } from '../database/database.ts';
import { countFailedReplay, recordOf, settleAsReplayed, type DeadLetter } from './dead-letters.ts';
import type { Dispatch, Outcome } from './dispatch.ts';
import type { ConsumerEvents } from './event-metrics.ts';
import type { Logger } from '../process/logger.ts';
import type { SettleLetter } from '../transaction/inbox.ts';
import { entityIdsOfEvent, beginReplay, traceIdOf } from '../telemetry/tracing.ts';
import { isTransient } from '../database/transient.ts';

export interface ReplayParts {
  readonly db: Database;
  readonly dispatch: Dispatch;
  readonly events?: Pick<ConsumerEvents, 'handled'>;
  readonly logger: Logger;
}

export type ReplayResult =
  | (Outcome & { readonly id: string })
  | { readonly id: string; readonly kind: 'failed'; readonly error: Error };

/** Replays one letter, in the trace of the traceparent `parent`. A letter that is settled already is a duplicate. */
export async function replayDeadLetter(
  { db, dispatch, events, logger }: ReplayParts,
  letter: DeadLetter,
  action: PersonsAction,
  parent?: string,
): Promise<ReplayResult> {
  const { id, consumer, topic, partition, eventId, fingerprint } = letter;
  const record = recordOf(letter);
  const traced = beginReplay(record, consumer, parent);
  const { traceparent } = traced;
  const fields = {
    correlationId: action.correlationId,
    traceId: traceIdOf(traceparent),
    deadLetterId: id,
    eventId,
    ...entityIdsOfEvent(record.headers['eventType'], record.key),
    fingerprint,
    topic,
    partition,
    offset: letter.offset,
    actor: action.subject,
  };
  const replay: SettleLetter = (tx, now) => settleAsReplayed(tx, { deadLetterId: id, action }, now);
  try {
    const dispatched = await dispatch(record, { consumer, replay, traceparent });
    if (dispatched.outcome) events?.handled(record, dispatched, 'replay');
    // The service does not react to this type (any more): there is nothing to handle and nothing to claim.
    else await db.transaction((tx) => replay(tx, new Date()));
    const replayed = dispatched.outcome ?? { kind: 'ignored', reason: 'nobody subscribes to its type' };
    traced.end(replayed);
    logger.info(`dead letter replayed: ${replayed.kind}`, {
      ...fields,
      ...(replayed.reason === undefined ? {} : { reason: replayed.reason }),
    });
    return { id, ...replayed };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    traced.fail(error);
    logger.warn('dead letter could not be replayed and stays parked', { ...fields, error });
    await countFailedReplay(db, id, error);
    return { id, kind: 'failed', error };
  }
}

/**
 * Replays up to `limit` parked letters of one fingerprint: the least often replayed first, so that letters that keep failing do not
 * block the rest, then in the order of their partition. Ends at the first transient failure, because the rest would meet it too.
 * `remaining` counts the letters that are still parked. The audit log gets an entry for each letter, also for those that failed, and
 * one when there was none.
 */
export async function replayGroup(
  parts: ReplayParts,
  group: { readonly fingerprint: string; readonly limit: number },
  action: PersonsAction,
  parent?: string,
): Promise<{ readonly results: readonly ReplayResult[]; readonly remaining: number }> {
  const parked = and(eq(deadLetters.state, 'parked'), eq(deadLetters.fingerprint, group.fingerprint));
  const letters = await parts.db
    .select()
    .from(deadLetters)
    .where(parked)
    .orderBy(
      asc(deadLetters.replays),
      asc(deadLetters.topic),
      asc(deadLetters.partition),
      asc(deadLetters.offset),
    )
    .limit(group.limit);
  const results: ReplayResult[] = [];
  for (const letter of letters) {
    const result = await replayDeadLetter(parts, letter, action, parent);
    results.push(result);
    if (result.kind !== 'failed') continue;
    if (isTransient(result.error)) break;
    const refused = { outcome: 'refused', status: 409, code: 'replay_failed', resource: letter.id } as const;
    await recordAction(parts.db, action, refused, new Date());
  }
  if (letters.length === 0)
    await recordAction(parts.db, action, { outcome: 'ignored', code: 'nothing_parked' }, new Date());
  const [left] = await parts.db.select({ count: count() }).from(deadLetters).where(parked);
  return { results, remaining: left?.count ?? 0 };
}
