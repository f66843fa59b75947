// Records that can never be handled as they are. They are kept whole, before the offset advances past them, so that one
// bad record neither blocks its partition nor gets lost.
import { v7 as uuidv7 } from 'uuid';
import { deadLetters } from '../../drizzle/messaging.ts';
import type { Database } from './database.ts';
import type { StreamRecord } from './event-stream.ts';

export interface Failure {
  readonly consumer: string;
  readonly record: StreamRecord;
  readonly error: Error;
  readonly attempts: number;
  readonly at: Date;
}

/** Same cause, same fingerprint: groups dead letters that one fix would release. */
export const fingerprintOf = (record: StreamRecord, error: Error): string =>
  [error.name, 'code' in error ? String(error.code) : '', record.headers['eventType'] ?? ''].join('|');

/** Keeps the record; keeping the same position again changes nothing. */
export async function keepDeadLetter(db: Database, failure: Failure): Promise<void> {
  const { consumer, record, error, attempts, at } = failure;
  await db
    .insert(deadLetters)
    .values({
      id: uuidv7(),
      consumer,
      topic: record.topic,
      partition: record.partition,
      offset: record.offset,
      key: record.key,
      value: record.value,
      headers: record.headers,
      eventId: record.headers['id'] ?? null,
      eventType: record.headers['eventType'] ?? null,
      error: error.stack ?? error.message,
      fingerprint: fingerprintOf(record, error),
      attempts,
      failedAt: at,
    })
    .onConflictDoNothing();
}
