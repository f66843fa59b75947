// Records that could not be handled as they are. They are kept whole, before the offset advances past them, so that one
// bad record neither blocks its partition nor gets lost. Later events of the same key are not held back behind it: state
// is made of independent facts and every decision is total, so an event that is replayed at any later point is one that
// arrives late, which each decision expects (accepted, or ignored with a reason). Holding the key would stop a healthy one.
import { and, eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { deadLetters } from '../../../drizzle/messaging/schema.ts';
import { recordAction, type PersonsAction } from '../audit-log/audit-log.ts';
import type { Database, Transaction } from '../database/database.ts';
import type { StreamRecord } from './event-stream.ts';
import { withoutCredentials } from '../process/logger.ts';

export type DeadLetter = typeof deadLetters.$inferSelect;

export interface Failure {
  readonly consumer: string;
  readonly record: StreamRecord;
  readonly error: Error;
  readonly attempts: number;
  readonly at: Date;
}

/** A dead letter that is being handled again, and who asked for it. */
export interface Replay {
  readonly deadLetterId: string;
  readonly action: PersonsAction;
}

const maximumErrorLength = 8_000;

/** PostgreSQL's text has no NUL; a record that has one must still be parked, or it would block its partition for ever. */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD');

function* chainOf(error: Error): Generator<Error> {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 8; depth += 1) {
    yield cause;
    cause = cause.cause;
  }
}

/** Stack of the error and of what caused it, bounded, without the credentials that the text of a failed query quotes. */
export const describeError = (error: Error): string =>
  storable(
    withoutCredentials(
      [...chainOf(error)].map((cause) => cause.stack ?? cause.message).join('\ncaused by '),
    ).slice(0, maximumErrorLength),
  );

/** Same cause, same fingerprint: groups dead letters that one fix would release. The driver's code may be a cause away. */
export const fingerprintOf = (record: StreamRecord, error: Error): string => {
  const coded = [...chainOf(error)].find((cause) => 'code' in cause);
  const code = coded !== undefined && 'code' in coded ? String(coded.code) : '';
  return storable([error.name, code, record.headers['eventType'] ?? ''].join('|'));
};

/** Keeps the record. Keeping the same position again changes nothing and yields false. */
export async function keepDeadLetter(db: Database, failure: Failure): Promise<boolean> {
  const { consumer, record, error, attempts, at } = failure;
  const { topic, partition, offset, key, value, headers, timestamp } = record;
  const storableHeaders = Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [storable(name), storable(text)]),
  );
  const kept = await db
    .insert(deadLetters)
    .values({
      id: uuidv7(),
      consumer,
      topic,
      partition,
      offset,
      key: key === null ? null : storable(key),
      value,
      headers: storableHeaders,
      publishedAt: timestamp,
      eventId: storableHeaders['id'] ?? null,
      eventType: storableHeaders['eventType'] ?? null,
      error: describeError(error),
      fingerprint: fingerprintOf(record, error),
      attempts,
      failedAt: at,
    })
    .onConflictDoNothing()
    .returning({ id: deadLetters.id });
  return kept.length === 1;
}

/** The record as the stream delivered it. */
export const recordOf = (letter: DeadLetter): StreamRecord => ({
  topic: letter.topic,
  partition: letter.partition,
  offset: letter.offset,
  key: letter.key,
  value: letter.value,
  headers: letter.headers,
  timestamp: letter.publishedAt,
});

const parked = (id: string) => and(eq(deadLetters.id, id), eq(deadLetters.state, 'parked'));

const accepted = { outcome: 'accepted' } as const;
/** What a replay comes to when somebody else was quicker. */
export const alreadySettled = { outcome: 'ignored', code: 'already_settled' } as const;

/**
 * Marks a parked letter as replayed and records who did; false when it is not parked any more. Inside the transaction that
 * handles its event this is what makes replays safe: a second one waits here for the row, then finds the letter settled; a
 * replay that fails or dies rolls the mark back together with all its effects.
 */
export async function settleAsReplayed(
  tx: Transaction,
  { deadLetterId, action }: Replay,
  now: Date,
): Promise<boolean> {
  const settled = await tx
    .update(deadLetters)
    .set({
      state: 'replayed',
      replays: sql`${deadLetters.replays} + 1`,
      settledAt: now,
      settledBy: action.subject,
    })
    .where(parked(deadLetterId))
    .returning({ id: deadLetters.id });
  const isSettled = settled.length === 1;
  const came = isSettled ? accepted : alreadySettled;
  await recordAction(tx, action, { ...came, resource: deadLetterId }, now);
  return isSettled;
}

/** Counts a replay that failed; the letter stays parked. */
export async function countFailedReplay(db: Database, id: string, error: Error): Promise<void> {
  await db
    .update(deadLetters)
    .set({ replays: sql`${deadLetters.replays} + 1`, replayError: describeError(error) })
    .where(parked(id));
}

/** Settles a parked letter for good without handling it; undefined when it is not parked. */
export function archiveDeadLetter(
  db: Database,
  id: string,
  { reason, action, at }: { readonly reason: string; readonly action: PersonsAction; readonly at: Date },
): Promise<DeadLetter | undefined> {
  return db.transaction(async (tx) => {
    const [archived] = await tx
      .update(deadLetters)
      .set({ state: 'archived', archiveReason: reason, settledBy: action.subject, settledAt: at })
      .where(parked(id))
      .returning();
    if (archived) await recordAction(tx, action, accepted, at);
    return archived;
  });
}
