// Replays dead letters through the dispatch and the inbox of the consumer, without Kafka. A replay is idempotent: the dead letter
// is settled and the inbox row is inserted in the transaction that handles the event. A dead letter whose replay fails stays
// parked.
import { and, asc, count, eq } from 'drizzle-orm';
import { deadLetters } from '../../../drizzle/messaging/schema.ts';
import { recordAction, type PersonsAction } from '../audit-log/audit-log.ts';
import type { Database } from '../database/database.ts';
import { countFailedReplay, recordOf, settleAsReplayed, type DeadLetter } from './dead-letters.ts';
import type { Dispatch, Outcome } from './dispatch.ts';
import type { ConsumerEvents } from './event-metrics.ts';
import type { Logger } from '../process/logger.ts';
import type { SettleDeadLetter } from '../transaction/inbox.ts';
import { entityIdsOfEvent, beginReplay, traceIdOf } from '../telemetry/tracing.ts';
import { isTransient } from '../database/transient.ts';

export interface ReplayDependencies {
  readonly db: Database;
  readonly dispatch: Dispatch;
  readonly events?: Pick<ConsumerEvents, 'handled'>;
  readonly logger: Logger;
}

export type ReplayResult =
  | (Outcome & { readonly id: string })
  | { readonly id: string; readonly kind: 'failed'; readonly error: Error };

/**
 * Replays one dead letter, in the trace of `parent`. The outcome is `duplicate` when the dead letter was settled before, or when
 * the consumer had handled its event before.
 */
export async function replayDeadLetter(
  { db, dispatch, events, logger }: ReplayDependencies,
  deadLetter: DeadLetter,
  action: PersonsAction,
  parent?: string,
): Promise<ReplayResult> {
  const { id, consumer, topic, partition, eventId, fingerprint } = deadLetter;
  const record = recordOf(deadLetter);
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
    offset: deadLetter.offset,
    actor: action.subject,
  };
  const replay: SettleDeadLetter = (tx, now) => settleAsReplayed(tx, { deadLetterId: id, action }, now);
  try {
    const dispatched = await dispatch(record, { consumer, replay, traceparent });
    if (dispatched.outcome) events?.handled(record, dispatched, 'replay');
    // The service has no subscription for this type (any more): there is nothing to handle, so no inbox row is needed.
    const settle = async (): Promise<Outcome> =>
      (await db.transaction((tx) => replay(tx, new Date())))
        ? { kind: 'ignored', reason: 'nobody subscribes to its type' }
        : { kind: 'duplicate' };
    const replayed = dispatched.outcome ?? (await settle());
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
 * Replays up to `limit` parked dead letters of one fingerprint: the least often replayed first, so that dead letters that keep
 * failing do not block the rest, then by topic, partition and offset. `endedEarly` is true after a transient failure: the other
 * replays would fail too. `remaining` counts the dead letters that are still parked. The audit log gets an entry for each replay
 * that did not fail for a transient cause, and one entry when no dead letter was found.
 */
export async function replayGroup(
  parts: ReplayDependencies,
  group: { readonly fingerprint: string; readonly limit: number },
  action: PersonsAction,
  parent?: string,
): Promise<{
  readonly results: readonly ReplayResult[];
  readonly remaining: number;
  readonly endedEarly: boolean;
}> {
  const parked = and(eq(deadLetters.state, 'parked'), eq(deadLetters.fingerprint, group.fingerprint));
  const found = await parts.db
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
  let endedEarly = false;
  for (const deadLetter of found) {
    const result = await replayDeadLetter(parts, deadLetter, action, parent);
    results.push(result);
    if (result.kind !== 'failed') continue;
    if (isTransient(result.error)) {
      endedEarly = true;
      break;
    }
    const refused = {
      outcome: 'refused',
      status: 409,
      code: 'replay_failed',
      resource: deadLetter.id,
    } as const;
    await recordAction(parts.db, action, refused, new Date());
  }
  if (found.length === 0)
    await recordAction(parts.db, action, { outcome: 'ignored', code: 'nothing_parked' }, new Date());
  const [left] = await parts.db.select({ count: count() }).from(deadLetters).where(parked);
  return { results, remaining: left?.count ?? 0, endedEarly };
}
