// The consumer loop: hand each record to its subscription, then let the offset advance. A record that fails for a cause that
// passes waits beside the loop, and with it the later records of its key: other keys go on, and each key stays in order. One that
// can never be handled is kept as a dead letter before the offset advances, unless most records fail: then the fault is not
// theirs, and the consumer halts instead.
import type { Database } from '../database/database.ts';
import { keepDeadLetter } from './dead-letters.ts';
import type { Dispatch } from './dispatch.ts';
import { UndecodableRecord } from '../event-codec/event-codec.ts';
import type { ConsumerEvents, ParkingReason } from './event-metrics.ts';
import type { Faults } from '../process/faults.ts';
import type { EventStream, RecordContext, StreamRecord, Subscription, Waiting } from './event-stream.ts';
import type { Logger } from '../process/logger.ts';
import { createParkingBreaker, type ParkingLimit, type Pass } from './parking-breaker.ts';
import { backoffMs, pause, type Backoff } from '../process/retry.ts';
import { entityIdsOfEvent, beginDelivery, traceIdOf, type TracedDelivery } from '../telemetry/tracing.ts';
import { isTransient } from '../database/transient.ts';
import { createWaitingKeys, type WaitingKeys, type WaitingLimit } from './waiting-keys.ts';

export type { Incoming, Outcome, Subscriptions, SubscriptionsTo } from './dispatch.ts';

export interface ConsumerOptions {
  readonly stream: EventStream;
  readonly dispatch: Dispatch;
  readonly db: Database;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly logger: Logger;
  readonly backoff?: Pick<Backoff, 'initialMs' | 'maxMs'>;
  /** Of one partition; 20 keys and 1,000 records when absent. */
  readonly waitingLimit?: WaitingLimit;
  /** 10 of the last 20 records, a probe every 30 s, when absent. */
  readonly parkingLimit?: ParkingLimit;
  readonly faults?: Faults | undefined;
  /** Told of what becomes a figure. */
  readonly events?: ConsumerEvents;
}

export interface RunningConsumer extends Subscription {
  /** Why the consumer has stopped handling records although it could; undefined while it has not. */
  halted(): string | undefined;
  /** Keys whose records wait for a cause that passes. */
  waitingKeys(): number;
}

/** A record is tried every two seconds for as long as its cause lasts: it must not be lost, and its key cannot go on without it. */
const defaultBackoff = { initialMs: 50, maxMs: 2_000 };
/** More keys than these wait for the same cause, such as a database that is away: then the whole partition waits with them. */
const defaultWaitingLimit: WaitingLimit = { keys: 20, records: 1_000 };
/** The first attempt that fails is logged, then one a minute. */
const loggedEvery = 30;
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

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

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
    const dispatched = await dispatch(record, { consumer: groupId, traceparent });
    if (!dispatched.outcome) return 'passed over';
    const { event, outcome } = dispatched;
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
      ...entityIdsOfEvent(event.type, record.key),
      topic: record.topic,
      partition: record.partition,
      offset: String(record.offset),
      lagMs: Date.now() - record.timestamp.getTime(),
      ms: Math.round(performance.now() - started),
    });
    return 'handled';
  };

  const stopped = (): Error => new Error('the consumer is being stopped');

  /** Waits, with the record in hand and the partition assigned, until it may be attempted. */
  const admitted = async (record: StreamRecord, { heartbeat, signal }: RecordContext): Promise<Pass> => {
    for (;;) {
      const pass = breaker.admit(`${record.topic}-${record.partition}`, performance.now());
      if (pass) return pass;
      await pause(askEveryMs, signal);
      if (signal.aborted) throw stopped();
      await heartbeat();
    }
  };

  /** A record in hand, with its attempts so far. */
  const takeUp = (record: StreamRecord) => {
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

    /** Keeps the record before the offset moves. Rejects when it could not be kept. */
    const park = async (error: Error, heartbeat: RecordContext['heartbeat']): Promise<void> => {
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
    };

    const failed = (error: Error): false => {
      delivery.attemptFailed(attempts, error);
      events?.retried();
      if (attempts % loggedEvery === 1)
        logger.warn('handling failed and is tried again', { error, attempts, ...place });
      return false;
    };

    return {
      attempts: () => attempts,
      /** One attempt. True once the record is finished: handled, passed over, or kept as a dead letter. */
      attempt: async (context: RecordContext): Promise<boolean> => {
        for (;;) {
          const pass = await admitted(record, context);
          attempts += 1;
          try {
            const came = await heartbeating(context.heartbeat, () => attempt(record, delivery));
            if (came === 'passed over') breaker.abandoned(pass);
            else if (breaker.handled(pass)) logger.info('the consumer goes on: a probe was handled', place);
            if (attempts > 1) logger.info('handled after failed attempts', { attempts, ...place });
            return true;
          } catch (thrown) {
            const error = asError(thrown);
            const permanent = parkingReasonOf(error) !== 'unexpected';
            if (!permanent && (isTransient(error) || attempts < unexpectedAttempts)) {
              breaker.abandoned(pass);
              return failed(error);
            }
            if (breaker.failed(pass, performance.now()) === 'park')
              return await park(error, context.heartbeat).then(
                () => true,
                (notKept: unknown) => failed(asError(notKept)),
              );
            const halted = breaker.halted(performance.now());
            logger.error('the consumer is halted; nothing is parked or skipped', { halted, error, ...place });
          }
        }
      },
      giveUp: (error: Error): void => {
        delivery.fail(error);
      },
    };
  };
  type InHand = ReturnType<typeof takeUp>;

  /** Attempts the record until it is finished. The partition is read on meanwhile, which is what keeps it assigned. */
  const insist = async (inHand: InHand, signal: AbortSignal): Promise<void> => {
    const context: RecordContext = { heartbeat: () => Promise.resolve(), signal };
    for (;;) {
      if (inHand.attempts() > 0) await pause(backoffMs(backoff, inHand.attempts(), Math.random()), signal);
      if (signal.aborted) {
        inHand.giveUp(stopped());
        throw stopped();
      }
      if (await inHand.attempt(context)) return;
    }
  };

  const partitions = new Map<string, { readonly signal: AbortSignal; readonly waiting: WaitingKeys }>();
  /** Those of an earlier assignment end with it, and what has waited there is read again. */
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
      await pause(askEveryMs, signal);
      if (signal.aborted) throw stopped();
      await heartbeat();
    }
    const inHand = takeUp(record);
    // Once nothing of its key waits any more, it goes the straight way.
    if (!waiting.has(record.key) && (await inHand.attempt(context))) return undefined;
    return { finished: waiting.add(record.key, () => insist(inHand, signal)) };
  };

  const subscription = stream.subscribe({ groupId, topics, onRecord });
  return {
    ...subscription,
    halted: () => breaker.halted(performance.now()),
    waitingKeys: () => [...partitions.values()].reduce((sum, { waiting }) => sum + waiting.keys(), 0),
  };
}
