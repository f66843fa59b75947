// The consumer loop: hand each record to its subscription, let the offset advance. Transient failures are retried in place
// while heartbeating, because skipping ahead would break the order of that key; permanent ones are kept as dead letters
// before the offset advances, unless most records fail: then the fault is not theirs, and the consumer halts instead.
import type { Database } from '../database/database.ts';
import { keepDeadLetter } from './dead-letters.ts';
import type { Dispatch } from './dispatch.ts';
import { UndecodableRecord } from '../event-codec/event-codec.ts';
import type { ConsumerEvents, ParkingReason } from './event-metrics.ts';
import type { Faults } from '../process/faults.ts';
import type { EventStream, RecordContext, StreamRecord, Subscription } from './event-stream.ts';
import type { Logger } from '../process/logger.ts';
import { createParkingBreaker, type ParkingLimit, type Pass } from './parking-breaker.ts';
import { backoffMs, pause, type Backoff } from '../process/retry.ts';
import { aboutEvent, beginDelivery, traceIdOf, type TracedDelivery } from '../telemetry/tracing.ts';
import { isTransient } from '../database/transient.ts';

export type { Incoming, Outcome, Subscriptions, SubscriptionsTo } from './dispatch.ts';

export interface ConsumerOptions {
  readonly stream: EventStream;
  readonly dispatch: Dispatch;
  readonly db: Database;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly logger: Logger;
  readonly backoff?: Backoff;
  /** 10 of the last 20 records, a probe every 30 s, when absent. */
  readonly parkingLimit?: ParkingLimit;
  readonly faults?: Faults | undefined;
  /** Told of what becomes a figure. */
  readonly events?: ConsumerEvents;
}

export interface RunningConsumer extends Subscription {
  /** Why the consumer has stopped handling records although it could; undefined while it has not. */
  halted(): string | undefined;
}

/**
 * About 40 s of retries in place, heartbeating all the time; after that the record is given back and comes again from the
 * committed offset.
 */
const defaultBackoff: Backoff = { initialMs: 50, maxMs: 2_000, attempts: 30 };
/** An unexpected error may be a race that passes; more attempts would only block the partition. */
const unexpectedAttempts = 3;
export const defaultParkingLimit: ParkingLimit = { limit: 10, probeEveryMs: 30_000 };
/** How often a halted partition asks whether it may go on, heartbeating in between. */
const askEveryMs = 200;
/** Often enough for the shortest session that Kafka allows, 6 s. The stream sends fewer when the session is longer. */
const heartbeatEveryMs = 1_000;
/** Longer than any transaction may take. A handler that hangs loses its partition to another instance. */
const handlingMs = 60_000;

/** Does the work while heartbeating: what waits for a lock or a connection must not lose its partition meanwhile. */
const heartbeating = async <T>(heartbeat: RecordContext['heartbeat'], work: () => Promise<T>): Promise<T> => {
  const until = performance.now() + handlingMs;
  const beating = setInterval(() => {
    if (performance.now() > until) clearInterval(beating);
    // The work is finished all the same; the heartbeat that follows it says that the partition is lost.
    else heartbeat().catch(() => undefined);
  }, heartbeatEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(beating);
  }
};

/**
 * What only proves that the pipeline flows. It has a topic of its own, but a connector whose routing somebody has changed
 * brings it here: that is the business of the auditor and no reason to stop reading events.
 */
const isCanary = ({ key, headers }: StreamRecord): boolean =>
  key === 'canary' && headers['eventType'] === 'canary';

const parkingReasonOf = (error: Error): ParkingReason => {
  if (error instanceof UndecodableRecord) return 'undecodable';
  return error.name === 'Rejected' ? 'rejected' : 'unexpected';
};

/** Starts the consumer group member of a service. */
export function startConsumer(options: ConsumerOptions): RunningConsumer {
  const { stream, dispatch, db, groupId, topics, logger, faults, events } = options;
  const backoff = options.backoff ?? defaultBackoff;
  const breaker = createParkingBreaker(options.parkingLimit ?? defaultParkingLimit);

  const attempt = async (
    record: StreamRecord,
    delivery: TracedDelivery,
  ): Promise<'handled' | 'passed over'> => {
    if (isCanary(record)) return 'passed over';
    const actor = `event:${record.headers['eventType'] ?? 'unknown'}`;
    const repeat = await faults?.reach('before-handling', actor);
    const started = performance.now();
    const { traceparent } = delivery;
    const { event, outcome } = await dispatch(record, { consumer: groupId, traceparent });
    if (!outcome) return 'passed over';
    await faults?.reach('after-commit', actor);
    delivery.end(outcome);
    if (repeat) {
      const second = beginDelivery(record, groupId);
      const repeated = await dispatch(record, { consumer: groupId, traceparent: second.traceparent });
      second.end(repeated.outcome ?? { kind: 'ignored' });
    }
    logger.info(`${event.type} ${outcome.kind}`, {
      ...(outcome.reason === undefined ? {} : { reason: outcome.reason }),
      eventId: event.metadata.eventId,
      correlationId: event.metadata.correlationId,
      traceId: traceIdOf(traceparent),
      ...aboutEvent(event.type, record.key),
      topic: record.topic,
      partition: record.partition,
      offset: String(record.offset),
      lagMs: Date.now() - record.timestamp.getTime(),
      ms: Math.round(performance.now() - started),
    });
    return 'handled';
  };

  /** Waits, with the record in hand and the partition assigned, until it may be attempted. */
  const admitted = async (record: StreamRecord, { heartbeat, signal }: RecordContext): Promise<Pass> => {
    for (;;) {
      const pass = breaker.admit(`${record.topic}-${record.partition}`, performance.now());
      if (pass) return pass;
      await pause(askEveryMs, signal);
      if (signal.aborted) throw new Error('the consumer is halted and is being stopped');
      await heartbeat();
    }
  };

  const onRecord = async (record: StreamRecord, context: RecordContext): Promise<void> => {
    const { heartbeat, signal } = context;
    const delivery = beginDelivery(record, groupId);
    const place = {
      eventId: record.headers['id'],
      correlationId: record.headers['correlationId'],
      traceId: traceIdOf(delivery.traceparent),
      ...aboutEvent(record.headers['eventType'], record.key),
      topic: record.topic,
      partition: record.partition,
      offset: String(record.offset),
    };
    for (let attempts = 1; ; attempts += 1) {
      const pass = await admitted(record, context);
      try {
        const came = await heartbeating(heartbeat, () => attempt(record, delivery));
        if (came === 'passed over') breaker.abandoned(pass);
        else if (breaker.handled(pass)) logger.info('the consumer goes on: a probe was handled', place);
        return;
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        const transient = isTransient(error);
        const permanent = parkingReasonOf(error) !== 'unexpected';
        if (permanent || (!transient && attempts >= unexpectedAttempts)) {
          if (breaker.failed(pass, performance.now()) === 'halt') {
            const halted = breaker.halted(performance.now());
            logger.error('the consumer is halted; nothing is parked or skipped', { halted, error, ...place });
            continue;
          }
          // Should this fail, the record is given back and comes again: it is kept before the offset moves, or not passed.
          let kept = false;
          try {
            const letter = { consumer: groupId, record, error, attempts, at: new Date() };
            kept = await heartbeating(heartbeat, () => keepDeadLetter(db, letter));
          } finally {
            if (!kept) breaker.notParked();
          }
          delivery.fail(error);
          if (kept) events?.parked(parkingReasonOf(error));
          logger.error('kept as a dead letter', { error, attempts, key: record.key, ...place });
          return;
        }
        breaker.abandoned(pass);
        if (signal.aborted || attempts >= backoff.attempts) {
          delivery.fail(error);
          throw error;
        }
        delivery.again(attempts, error);
        events?.retried();
        const waitMs = backoffMs(backoff, attempts, Math.random());
        logger.warn('handling failed and is tried again', { error, attempts, waitMs, ...place });
        await pause(waitMs, signal);
        await heartbeat();
      }
    }
  };

  const subscription = stream.subscribe({ groupId, topics, onRecord });
  return { ...subscription, halted: () => breaker.halted(performance.now()) };
}
