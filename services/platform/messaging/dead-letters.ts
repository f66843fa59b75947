// Dead letters: records that can never be handled as they are. A record is stored completely before the offset advances past it, so
// that it neither blocks its partition nor gets lost. Later events of the same key are handled as usual: every decision expects
// late events (it accepts them or ignores them with a reason), and a replayed event is a late event.
import { and, eq, sql } from 'drizzle-orm';
import { DrizzleQueryError } from 'drizzle-orm/errors';
import { v7 as uuidv7 } from 'uuid';
import { deadLetters } from '../../../drizzle/messaging/schema.ts';
import { recordAction, type PersonsAction } from '../audit-log/audit-log.ts';
import { send, type Database, type Transaction } from '../database/database.ts';
import type { StreamRecord } from './event-stream.ts';
import { withoutCredentials } from '../process/logger.ts';
import type { Claim } from '../transaction/handle.ts';

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

/** PostgreSQL text cannot contain NUL. A record with a NUL must still be stored, or it would block its partition. */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD');

function* chainOf(error: Error): Generator<Error> {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 8; depth += 1) {
    yield cause;
    cause = cause.cause;
  }
}

/**
 * The stacks of the error and its causes, bounded, without credentials that the text of a failed query may quote. The error of
 * Drizzle comes last, because it has only the query and its call stack; the first line must name the reason.
 */
export const describeError = (error: Error): string => {
  const chain = [...chainOf(error)];
  const queries = chain.filter((cause) => cause instanceof DrizzleQueryError);
  const errors = chain.filter((cause) => !(cause instanceof DrizzleQueryError));
  const stackOf = ({ stack, message }: Error): string => stack ?? message;
  const text = [
    errors.map(stackOf).join('\ncaused by '),
    ...queries.map((query) => `the query: ${stackOf(query)}`),
  ]
    .filter((part) => part !== '')
    .join('\n');
  return storable(withoutCredentials(text).slice(0, maximumErrorLength));
};

/** Equal for dead letters that probably have the same cause: name of the error, code of the error or a cause, event type. */
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

/** The record as Kafka delivered it, except that NUL in its key and headers was replaced. */
export const recordOf = (deadLetter: DeadLetter): StreamRecord => ({
  topic: deadLetter.topic,
  partition: deadLetter.partition,
  offset: deadLetter.offset,
  key: deadLetter.key,
  value: deadLetter.value,
  headers: deadLetter.headers,
  timestamp: deadLetter.publishedAt,
});

const isParked = (id: string) => and(eq(deadLetters.id, id), eq(deadLetters.state, 'parked'));

const acceptedAction = { outcome: 'accepted' } as const;
/** The outcome of a replay when the dead letter is settled already. */
export const alreadySettled = { outcome: 'ignored', code: 'already_settled' } as const;

/**
 * Marks a parked dead letter as replayed and records who replayed it; false when the dead letter is no longer parked. Runs in the
 * transaction that handles the event, which makes replays safe: a second replay waits for the row and then finds it settled, and a
 * failed replay rolls the mark back together with its effects.
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
  const outcome = isSettled ? acceptedAction : alreadySettled;
  await recordAction(tx, action, { ...outcome, resource: deadLetterId }, now);
  return isSettled;
}

/** Counts a replay that failed; the dead letter stays parked. */
export async function countFailedReplay(db: Database, id: string, error: Error): Promise<void> {
  await db
    .update(deadLetters)
    .set({ replays: sql`${deadLetters.replays} + 1`, replayError: describeError(error) })
    .where(isParked(id));
}

/** Archives a parked dead letter without handling it. */
export function archiveDeadLetter<Prior>(
  db: Database,
  id: string,
  { reason, action, at }: { readonly reason: string; readonly action: PersonsAction; readonly at: Date },
  claim: Claim<DeadLetter, Prior>,
): Promise<Archived<Prior>> {
  return db.transaction(async (tx) => {
    const claimed = await claim.take(tx, at);
    if (!claimed.taken) return { kind: 'duplicate', prior: claimed.prior };
    const [deadLetter] = await tx
      .update(deadLetters)
      .set({ state: 'archived', archiveReason: reason, settledBy: action.subject, settledAt: at })
      .where(isParked(id))
      .returning();
    if (!deadLetter) return { kind: 'settled' };
    await Promise.all([
      recordAction(tx, action, acceptedAction, at),
      send(await claim.settle(tx, { kind: 'accepted', state: deadLetter, events: [] })),
    ]);
    return { kind: 'archived', deadLetter };
  });
}

/** `settled`: the dead letter was replayed or archived before. `duplicate`: this request was answered before. */
export type Archived<Prior> =
  | { readonly kind: 'archived'; readonly deadLetter: DeadLetter }
  | { readonly kind: 'settled' }
  | { readonly kind: 'duplicate'; readonly prior: Prior };
