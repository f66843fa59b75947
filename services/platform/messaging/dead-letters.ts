// Records that can never be handled as they are. They are stored completely before the offset advances past them, so that a bad
// record neither blocks its partition nor gets lost. Later events of the same key are not held back: every decision is total, so an
// event that is replayed later is one that arrives late, which each decision expects (accepted, or ignored with a reason).
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

/** A dead letter that is being replayed, and the person's action behind it. */
export interface Replay {
  readonly deadLetterId: string;
  readonly action: PersonsAction;
}

const maximumErrorLength = 8_000;

/** PostgreSQL's text cannot contain NUL. A record that has one must still be stored, or it would block its partition. */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD');

function* chainOf(error: Error): Generator<Error> {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 8; depth += 1) {
    yield cause;
    cause = cause.cause;
  }
}

/** The stacks of the error and its causes, bounded, without credentials that the text of a failed query may quote. */
export const describeError = (error: Error): string =>
  storable(
    withoutCredentials(
      [...chainOf(error)].map((cause) => cause.stack ?? cause.message).join('\ncaused by '),
    ).slice(0, maximumErrorLength),
  );

/** Groups dead letters that one fix would release: name and code of the error, and event type. A cause may have the code. */
export const fingerprintOf = (record: StreamRecord, error: Error): string => {
  const coded = [...chainOf(error)].find((cause) => 'code' in cause);
  const code = coded !== undefined && 'code' in coded ? String(coded.code) : '';
  return storable([error.name, code, record.headers['eventType'] ?? ''].join('|'));
};

/** Stores the record. Storing the same offset again changes nothing and returns false. */
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

/** The record as it was delivered. */
export const recordOf = (letter: DeadLetter): StreamRecord => ({
  topic: letter.topic,
  partition: letter.partition,
  offset: letter.offset,
  key: letter.key,
  value: letter.value,
  headers: letter.headers,
  timestamp: letter.publishedAt,
});

const isParked = (id: string) => and(eq(deadLetters.id, id), eq(deadLetters.state, 'parked'));

const accepted = { outcome: 'accepted' } as const;
/** The outcome of a replay when another one was faster. */
export const alreadySettled = { outcome: 'ignored', code: 'already_settled' } as const;

/**
 * Marks a parked letter as replayed and records who did it; false when it is no longer parked. It runs in the transaction that handles
 * the event, which makes replays safe: a second replay waits for the row and then finds it settled, and a failed replay rolls the mark
 * back together with its effects.
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
    .where(isParked(deadLetterId))
    .returning({ id: deadLetters.id });
  const isSettled = settled.length === 1;
  const outcome = isSettled ? accepted : alreadySettled;
  await recordAction(tx, action, { ...outcome, resource: deadLetterId }, now);
  return isSettled;
}

/** Counts a replay that failed; the letter stays parked. */
export async function countFailedReplay(db: Database, id: string, error: Error): Promise<void> {
  await db
    .update(deadLetters)
    .set({ replays: sql`${deadLetters.replays} + 1`, replayError: describeError(error) })
    .where(isParked(id));
}

/** Archives a parked letter without handling it; undefined when it is not parked. */
export function archiveDeadLetter(
  db: Database,
  id: string,
  { reason, action, at }: { readonly reason: string; readonly action: PersonsAction; readonly at: Date },
): Promise<DeadLetter | undefined> {
  return db.transaction(async (tx) => {
    const [archived] = await tx
      .update(deadLetters)
      .set({ state: 'archived', archiveReason: reason, settledBy: action.subject, settledAt: at })
      .where(isParked(id))
      .returning();
    if (archived) await recordAction(tx, action, accepted, at);
    return archived;
  });
}
