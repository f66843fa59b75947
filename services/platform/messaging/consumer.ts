// The consumer loop dispatches each record and then lets the offset advance. A record that fails for a transient cause waits
// outside the loop, together with later records of its key: other keys continue, and the records of each key keep their sequence. A
// record that can never be handled becomes a dead letter before the offset advances. When most records fail, the cause is not in
// the records, and the consumer halts.
import type { Database } from '../database/database.ts';
import { keepDeadLetter } from './dead-letters.ts';
import type { Dispatch, HandledEvent } from './dispatch.ts';
import { UndecodableRecord } from '../event-codec/event-codec.ts';
import type { ConsumerEvents, DeadLetterReason } from './event-metrics.ts';
import type { Faults } from '../process/faults.ts';
import type { EventStream, RecordContext, StreamRecord, Subscription, Waiting } from './event-stream.ts';
import type { Logger } from '../process/logger.ts';
import { createDeadLetterBreaker, type DeadLetterLimit, type Pass } from './dead-letter-breaker.ts';
import { backoffMs, pause, type Backoff } from '../process/retry.ts';
import { entityIdsOfEvent, beginDelivery, traceIdOf, type TracedDelivery } from '../telemetry/tracing.ts';
import { isTransient } from '../database/transient.ts';
import { createWaitingKeys, type WaitingKeys, type WaitingLimit } from './waiting-keys.ts';

export type { Incoming, Outcome, Subscriptions, SubscriptionsTo } from './dispatch.ts';

interface ConsumerOptions {
  readonly stream: EventStream;
  readonly dispatch: Dispatch;
  readonly db: Database;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly logger: Logger;
  readonly backoff?: Backoff;
  /** Limit per partition; 20 keys and 1,000 records when absent. */
  readonly waitingLimit?: WaitingLimit;
  /** When absent: halts when 10 of the last 20 records would become dead letters, and probes every 30 s. */
  readonly deadLetterLimit?: DeadLetterLimit;
  readonly faults?: Faults | undefined;
  /** Counts handled events, retries and dead letters. */
  readonly events?: ConsumerEvents;
}

export interface RunningConsumer extends Subscription {
  /** Why the consumer has halted; undefined while it has not. */
  halted(): string | undefined;
  /** The number of keys whose records wait for the end of a transient failure. */
  waitingKeys(): number;
}

/**
 * After a transient failure, retries are unlimited: the record must not be lost, and later records of its key must not overtake it.
 */
const defaultBackoff = { initialMs: 50, maxMs: 2_000 };
/**
 * When this many keys wait, they have a common cause, such as an unavailable database, and the whole partition waits. The stream
 * hands over several records at once. All of them pass the check before the first one waits, so they may exceed the limit.
 */
const defaultWaitingLimit: WaitingLimit = { keys: 20, records: 1_000 };
/** The first failed attempt is logged, then about one per minute. */
const loggedEvery = 30;
/** An unexpected error may be caused by a race and disappear; more attempts would only block the key. */
const unexpectedAttempts = 3;
export const defaultDeadLetterLimit: DeadLetterLimit = { limit: 10, probeEveryMs: 30_000 };
/** Pause between two checks whether a halted or full partition may continue; a heartbeat is sent at each check. */
const recheckMs = 200;
/** Frequent enough for the shortest session timeout that can be set (CONSUMER_SESSION_TIMEOUT_MS), 6 s. */
const heartbeatEveryMs = 1_000;
/** Heartbeats end after this time, which is longer than any transaction may take: a hanging handler loses its partition. */
const handlingMs = 60_000;

/** Sends heartbeats during the work, so that waiting for a lock or a connection does not cost the partition. */
const heartbeating = async <T>(heartbeat: RecordContext['heartbeat'], work: () => Promise<T>): Promise<T> => {
  const until = performance.now() + handlingMs;
  const beating = setInterval(() => {
    if (performance.now() > until) clearInterval(beating);
    // The work continues when the partition is lost; the next heartbeat reports the loss.
    else heartbeat().catch(() => undefined);
  }, heartbeatEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(beating);
  }
};

/** A canary event of the auditor. It belongs to another topic; it arrives here only if a connector's routing was changed. */
const isCanary = ({ key, headers }: StreamRecord): boolean =>
  key === 'canary' && headers['eventType'] === 'canary';

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

const reasonOf = (error: Error): DeadLetterReason => {
  if (error instanceof UndecodableRecord) return 'undecodable';
  return error.name === 'Rejected' ? 'rejected' : 'unexpected';
};

/** Starts the consumer group member of a service. */
export function startConsumer(options: ConsumerOptions): RunningConsumer {
  const { stream, dispatch, db, groupId, topics, logger, faults, events } = options;
  const backoff = options.backoff ?? defaultBackoff;
  const breaker = createDeadLetterBreaker(options.deadLetterLimit ?? defaultDeadLetterLimit);

  /** The one place where a handled delivery is observed: span, metrics, log. */
  const observe = (
    record: StreamRecord,
    { event, outcome }: HandledEvent,
    delivery: TracedDelivery,
    started: number,
  ): void => {
    delivery.end(outcome);
    events?.handled(record, { event, outcome }, 'live');
    logger.info(`${event.type} ${outcome.kind}`, {
      ...(outcome.reason === undefined ? {} : { reason: outcome.reason }),
      eventId: event.metadata.eventId,
      correlationId: event.metadata.correlationId,
      traceId: traceIdOf(delivery.traceparent),
      ...entityIdsOfEvent(event.type, record.key),
      topic: record.topic,
      partition: record.partition,
      offset: String(record.offset),
      lagMs: Date.now() - record.timestamp.getTime(),
      ms: Math.round(performance.now() - started),
    });
  };

  const attempt = async (
    record: StreamRecord,
    delivery: TracedDelivery,
    attempts: number,
  ): Promise<'handled' | 'skipped'> => {
    if (isCanary(record)) return 'skipped';
    const actor = `event:${record.headers['eventType'] ?? 'unknown'}`;
    const repeat = await faults?.reach('before-handling', actor);
    const started = performance.now();
    const { traceparent } = delivery;
    const dispatched = await dispatch(record, { consumer: groupId, traceparent, attempts });
    if (!dispatched.outcome) return 'skipped';
    await faults?.reach('after-commit', actor);
    observe(record, dispatched, delivery, started);
    if (repeat) {
      const second = beginDelivery(record, groupId);
      const repeated = await dispatch(record, { consumer: groupId, traceparent: second.traceparent });
      if (repeated.outcome) observe(record, repeated, second, started);
    }
    return 'handled';
  };

  const stopped = (): Error => new Error('the consumer is being stopped');

  /** Waits until the breaker admits the record. */
  const admitted = async (record: StreamRecord, { heartbeat, signal }: RecordContext): Promise<Pass> => {
    for (;;) {
      const pass = breaker.admit(`${record.topic}-${record.partition}`, performance.now());
      if (pass) return pass;
      await pause(recheckMs, signal);
      if (signal.aborted) throw stopped();
      await heartbeat();
    }
  };

  const attemptsAt = (record: StreamRecord) => {
    const delivery = beginDelivery(record, groupId);
    const place = {
      eventId: record.headers['id'],
      correlationId: record.headers['correlationId'],
      traceId: traceIdOf(delivery.traceparent),
      ...entityIdsOfEvent(record.headers['eventType'], record.key),
      topic: record.topic,
      partition: record.partition,
      offset: String(record.offset),
    };
    let attempts = 0;

    /** Stores the record as a dead letter. Rejects when it could not be stored. */
    const keep = async (error: Error, heartbeat: RecordContext['heartbeat']): Promise<void> => {
      let kept = false;
      try {
        const deadLetter = { consumer: groupId, record, error, attempts, at: new Date() };
        kept = await heartbeating(heartbeat, () => keepDeadLetter(db, deadLetter));
      } finally {
        if (!kept) breaker.uncount();
      }
      delivery.fail(error);
      if (kept) events?.deadLettered(reasonOf(error));
      logger.error('kept as a dead letter', { error, attempts, key: record.key, ...place });
    };

    const failed = (error: Error): false => {
      delivery.attemptFailed(attempts, error);
      events?.retried();
      if (attempts % loggedEvery === 1)
        logger.warn('handling failed and is retried', { error, attempts, ...place });
      return false;
    };

    return {
      count: () => attempts,
      /**
       * One attempt; an attempt that halts the consumer is repeated once the breaker admits the record. Resolves to true when the
       * record is finished (handled, skipped, or stored as a dead letter), to false when it must be retried. Rejects when the
       * consumer stops first.
       */
      next: async (context: RecordContext): Promise<boolean> => {
        for (;;) {
          const pass = await admitted(record, context);
          attempts += 1;
          try {
            const result = await heartbeating(context.heartbeat, () => attempt(record, delivery, attempts));
            if (result === 'skipped') breaker.abandoned(pass);
            else if (breaker.handled(pass)) logger.info('the consumer resumes: a probe was handled', place);
            if (attempts > 1) logger.info('handled after failed attempts', { attempts, ...place });
            return true;
          } catch (thrown) {
            const error = asError(thrown);
            const permanent = reasonOf(error) !== 'unexpected';
            if (!permanent && (isTransient(error) || attempts < unexpectedAttempts)) {
              breaker.abandoned(pass);
              return failed(error);
            }
            const wasHalted = breaker.halted(performance.now()) !== undefined;
            if (breaker.failed(pass, performance.now()) === 'dead_letter')
              return await keep(error, context.heartbeat).then(
                () => true,
                (storeError: unknown) => failed(asError(storeError)),
              );
            const halted = breaker.halted(performance.now());
            // Other records under way may fail after the consumer has halted; one line is enough for all of them.
            if (!wasHalted || pass === 'probe')
              logger.error('the consumer is halted', { halted, error, ...place });
          }
        }
      },
      abandon: (error: Error): void => {
        delivery.fail(error);
      },
    };
  };
  type Attempts = ReturnType<typeof attemptsAt>;

  /** Attempts the record until it is finished. Meanwhile the loop continues to read and sends the heartbeats. */
  const retry = async (attempts: Attempts, signal: AbortSignal): Promise<void> => {
    const context: RecordContext = { heartbeat: () => Promise.resolve(), signal };
    for (;;) {
      if (attempts.count() > 0) await pause(backoffMs(backoff, attempts.count(), Math.random()), signal);
      if (signal.aborted) {
        attempts.abandon(stopped());
        throw stopped();
      }
      if (await attempts.next(context)) return;
    }
  };

  const partitions = new Map<string, { readonly signal: AbortSignal; readonly waiting: WaitingKeys }>();
  /** Each assignment begins without waiting keys: records that waited in an earlier one are read again. */
  const waitingKeysOf = ({ topic, partition }: StreamRecord, { signal }: RecordContext): WaitingKeys => {
    const place = `${topic}-${partition}`;
    const known = partitions.get(place);
    if (known?.signal === signal) return known.waiting;
    const waiting = createWaitingKeys(options.waitingLimit ?? defaultWaitingLimit);
    partitions.set(place, { signal, waiting });
    return waiting;
  };

  const onRecord = async (record: StreamRecord, context: RecordContext): Promise<Waiting | undefined> => {
    const { signal, heartbeat } = context;
    const waiting = waitingKeysOf(record, context);
    while (waiting.isFull()) {
      await pause(recheckMs, signal);
      if (signal.aborted) throw stopped();
      await heartbeat();
    }
    const attempts = attemptsAt(record);
    if (!waiting.has(record.key) && (await attempts.next(context))) return undefined;
    return { finished: waiting.add(record.key, () => retry(attempts, signal)) };
  };

  const subscription = stream.subscribe({ groupId, topics, onRecord });
  return {
    ...subscription,
    halted: () => breaker.halted(performance.now()),
    waitingKeys: () => [...partitions.values()].reduce((sum, { waiting }) => sum + waiting.keys(), 0),
  };
}
