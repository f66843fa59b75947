// The consumer loop: decode, find the subscription, hand the event to the shell, let the offset advance. Transient failures
// are retried in place while heartbeating, because skipping ahead would break the order of that key; permanent ones are
// kept as dead letters before the offset advances.
import type { EventType } from '../../schemas/generated/events.ts';
import type { Database } from './database.ts';
import { keepDeadLetter } from './dead-letters.ts';
import { type EventCodec, type ReceivedEvent, UndecodableRecord } from './event-codec.ts';
import type { Faults } from './faults.ts';
import type { EventStream, RecordContext, StreamRecord, Subscription } from './event-stream.ts';
import type { Delivery } from './inbox.ts';
import type { Logger } from './logger.ts';
import { backoffMs, pause, type Backoff } from './retry.ts';
import { continueTrace, type MessageContext } from './trace-context.ts';
import { isTransient } from './transient.ts';

/** An event as a subscription receives it. */
export interface Incoming<T extends EventType = EventType> {
  readonly event: ReceivedEvent<T>;
  readonly delivery: Delivery;
  readonly context: MessageContext;
  readonly at: Date;
}

/** What came of an event: for the log line. */
export interface Outcome {
  readonly kind: 'accepted' | 'ignored' | 'duplicate';
  readonly reason?: string;
}

/** One handler per event type that the service reacts to; other types of its topics are passed over. */
export type Subscriptions = {
  readonly [T in EventType]?: (incoming: Incoming<T>) => Promise<Outcome>;
};

export interface ConsumerOptions {
  readonly stream: EventStream;
  readonly codec: EventCodec;
  readonly db: Database;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly subscriptions: Subscriptions;
  readonly logger: Logger;
  readonly backoff?: Backoff;
  readonly faults?: Faults | undefined;
}

/**
 * About 40 s of retries in place, heartbeating between them; after that the record is given back and comes again from
 * the committed offset. No pause is longer than a fifth of the session timeout.
 */
const defaultBackoff: Backoff = { initialMs: 50, maxMs: 2_000, attempts: 30 };
/** An unexpected error may be a race that passes; more attempts would only block the partition. */
const unexpectedAttempts = 3;

const actorOf = (type: EventType): string => `event:${type}`;

/** Starts the consumer group member of a service. */
export function startConsumer(options: ConsumerOptions): Subscription {
  const { stream, codec, db, groupId, topics, subscriptions, logger, faults } = options;
  const backoff = options.backoff ?? defaultBackoff;

  const dispatch = <T extends EventType>(
    event: ReceivedEvent<T>,
    record: StreamRecord,
  ): Promise<Outcome> | undefined => {
    const { type, metadata } = event;
    const subscription: ((incoming: Incoming<T>) => Promise<Outcome>) | undefined = subscriptions[type];
    return subscription?.({
      event,
      delivery: {
        consumer: groupId,
        eventId: metadata.eventId,
        eventType: type,
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        publishedAt: record.timestamp,
      },
      context: {
        correlationId: metadata.correlationId,
        causationId: metadata.causationId,
        traceparent: continueTrace(record.headers['traceparent']),
        actor: actorOf(type),
      },
      at: new Date(),
    });
  };

  const attempt = async (record: StreamRecord): Promise<void> => {
    if (record.value === null) {
      throw new UndecodableRecord('the record has no value');
    }
    const event = await codec.decode(record.value);
    const repeat = await faults?.reach('before-handling', actorOf(event.type));
    const started = performance.now();
    const outcome = await dispatch(event, record);
    if (!outcome) return;
    await faults?.reach('after-commit', actorOf(event.type));
    if (repeat) await dispatch(event, record);
    logger.info(`${event.type} ${outcome.kind}`, {
      ...(outcome.reason === undefined ? {} : { reason: outcome.reason }),
      eventId: event.metadata.eventId,
      correlationId: event.metadata.correlationId,
      key: record.key,
      topic: record.topic,
      partition: record.partition,
      offset: String(record.offset),
      lagMs: Date.now() - record.timestamp.getTime(),
      ms: Math.round(performance.now() - started),
    });
  };

  const onRecord = async (record: StreamRecord, { heartbeat, signal }: RecordContext): Promise<void> => {
    const place = { topic: record.topic, partition: record.partition, offset: String(record.offset) };
    for (let attempts = 1; ; attempts += 1) {
      try {
        await attempt(record);
        return;
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        const transient = isTransient(error);
        const permanent = error instanceof UndecodableRecord || error.name === 'Rejected';
        if (permanent || (!transient && attempts >= unexpectedAttempts)) {
          await keepDeadLetter(db, { consumer: groupId, record, error, attempts, at: new Date() });
          logger.error('kept as a dead letter', { error, attempts, key: record.key, ...place });
          return;
        }
        if (signal.aborted || attempts >= backoff.attempts) throw error;
        const waitMs = backoffMs(backoff, attempts, Math.random());
        logger.warn('handling failed and is tried again', { error, attempts, waitMs, ...place });
        await pause(waitMs, signal);
        await heartbeat();
      }
    }
  };

  return stream.subscribe({ groupId, topics, onRecord });
}
