// The event stream on KafkaJS. It reads only committed records, because Connect may publish in transactions.
// KafkaJS handles up to `concurrency` partitions in parallel. It fetches from a broker again only when all partitions of the last
// fetch from that broker are handled, so a handler that waits holds back the other partitions of that broker too. This file
// commits the offsets, because records finish out of order.
import {
  Kafka,
  logLevel,
  type Consumer,
  type IHeaders,
  type KafkaConfig,
  type KafkaMessage,
  type SASLOptions,
} from 'kafkajs';
import { createAssignment, type Assignment } from './assignment.ts';
import { registerCodecs } from './compression.ts';
import type { KafkaSecurity } from '../process/security/kafka-security.ts';
import type {
  EventStream,
  PartitionLag,
  Progress,
  StreamRecord,
  SubscribeOptions,
  Subscription,
} from './event-stream.ts';
import { partitionLag } from './partition-lag.ts';
import type { Logger } from '../process/logger.ts';
import { pause } from '../process/retry.ts';

interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Partitions handled in parallel. */
  readonly concurrency: number;
  /** Milliseconds without a heartbeat after which the group removes an instance; 10,000 when absent. */
  readonly sessionTimeoutMs?: number;
  /** Milliseconds before a subscription that has ended is restarted; 2,000 when absent. */
  readonly restartMs?: number;
  /** Plain TCP without authentication when absent. */
  readonly security?: KafkaSecurity;
}

/** Maximum number of records of a partition that are handed over together. */
const recordsAtOnce = 32;

/** KafkaJS has a separate type for each mechanism. */
const saslOptions = ({ mechanism, ...user }: NonNullable<KafkaSecurity['sasl']>): SASLOptions => {
  switch (mechanism) {
    case 'PLAIN':
      return { mechanism: 'plain', ...user };
    case 'SCRAM-SHA-256':
      return { mechanism: 'scram-sha-256', ...user };
    case 'SCRAM-SHA-512':
      return { mechanism: 'scram-sha-512', ...user };
  }
};

/** The TLS and SASL options of a KafkaJS client. */
export const secureClient = ({ tls, sasl }: KafkaSecurity): Pick<KafkaConfig, 'ssl' | 'sasl'> => ({
  ssl: tls,
  ...(sasl === undefined ? {} : { sasl: saslOptions(sasl) }),
});

const notAMember = (error: unknown): string => {
  const reason = error instanceof Error ? `: ${error.message}` : '';
  return `not a member of the consumer group${reason}`;
};

/** Header values as text. Headers without a value are left out; of a repeated header the last value counts. */
function readHeaders(headers: IHeaders | undefined): Record<string, string> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    const text = last?.toString('utf8');
    if (text !== undefined) read[name] = text;
  }
  return read;
}

/** The error code in a response of the broker. KafkaJS exports the class of these errors only in its types. */
const brokerErrorOf = (error: unknown): unknown =>
  error instanceof Error ? ('type' in error ? error.type : brokerErrorOf(error.cause)) : undefined;

/** The error of a heartbeat when another member joins or leaves the group. */
const isRebalancing = (error: unknown): boolean => brokerErrorOf(error) === 'REBALANCE_IN_PROGRESS';

/** The group has removed this member, or has rebalanced without this member. */
const isRemoved = (error: unknown): boolean =>
  ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'].includes(String(brokerErrorOf(error)));

const toRecord = (topic: string, partition: number, message: KafkaMessage): StreamRecord => ({
  topic,
  partition,
  offset: BigInt(message.offset),
  key: message.key?.toString('utf8') ?? null,
  value: message.value,
  headers: readHeaders(message.headers),
  timestamp: new Date(Number(message.timestamp)),
});

/** An event stream whose subscriptions retry until they are stopped, with pauses of at most 5 s. */
export function kafkaJsEventStream(settings: KafkaSettings, logger: Logger): EventStream {
  const { sessionTimeoutMs = 10_000, restartMs = 2_000 } = settings;
  registerCodecs();
  const kafka = new Kafka({
    ...secureClient(settings.security ?? { tls: false }),
    clientId: settings.clientId,
    brokers: [...settings.brokers],
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    // Limits the retries against a lost broker; then the consumer restarts and finds the new coordinator.
    retry: { initialRetryTime: 200, maxRetryTime: 5_000, retries: 4 },
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log }) => {
        logger.warn(`kafka: ${log.message}`, { namespace, kafkaError: log['error'] });
      },
  });

  /** A group that commits nothing is useless once its only member has left. */
  const deleteGroup = async (groupId: string): Promise<void> => {
    const admin = kafka.admin({ retry: { retries: 1 } });
    try {
      await admin.connect();
      await admin.deleteGroups([groupId]);
    } catch (error) {
      logger.debug('the group was not deleted; the broker deletes an empty group later', { error, groupId });
    } finally {
      await admin.disconnect();
    }
  };

  const subscribe = ({
    groupId,
    topics,
    onRecord,
    fromBeginning = false,
    onProgress,
  }: SubscribeOptions): Subscription => {
    const stopping = new AbortController();
    let current: Consumer | undefined;
    let assignment: Assignment | undefined;
    let joined = false;
    let lastError: unknown;
    // One listener for all runs: a listener per run would stay on the signal after its run.
    let endRun = (): void => undefined;
    stopping.signal.addEventListener('abort', () => {
      endRun();
    });

    // A run lasts until KafkaJS stops the consumer or `endRun` is called. Another run follows until the subscription is stopped.
    const runOnce = async (): Promise<void> => {
      const consumer = kafka.consumer({
        groupId,
        sessionTimeout: sessionTimeoutMs,
        // A member must miss several heartbeats before the group removes it.
        heartbeatInterval: Math.floor(sessionTimeoutMs / 5),
        rebalanceTimeout: 20_000,
        // How long the broker delays its response to a fetch while there are no records.
        maxWaitTimeInMs: 1_000,
        allowAutoTopicCreation: false,
        readUncommitted: false,
      });
      current = consumer;
      const send = (positions: readonly Progress[]): Promise<void> =>
        consumer.commitOffsets(
          positions.map(({ topic, partition, next }) => ({ topic, partition, offset: String(next) })),
        );
      const ended = new Promise<void>((resolve) => {
        consumer.on(consumer.events.GROUP_JOIN, () => {
          joined = true;
          lastError = undefined;
          assignment?.lose();
          assignment = createAssignment({
            onRecord,
            send: fromBeginning ? () => Promise.resolve() : send,
            onCommitFailed: (error) => {
              logger.warn('the offsets were not committed; the commit is repeated', { error, groupId });
              // KafkaJS notices the removal only at its next heartbeat. After the wall clock was set back, it sends no heartbeat
              // until the clock has caught up with the last one. So this run ends now, and another run joins the group.
              if (isRemoved(error)) endRun();
            },
          });
        });
        consumer.on(consumer.events.REBALANCING, () => {
          joined = false;
          assignment?.lose();
        });
        consumer.on(consumer.events.CRASH, ({ payload }) => {
          joined = false;
          lastError = payload.error;
          assignment?.lose();
          logger.error('the consumer stopped', { error: payload.error, groupId, restarts: payload.restart });
          if (!payload.restart) resolve();
        });
        endRun = resolve;
      });
      if (onProgress) {
        consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
          onProgress({ topic, partition, next: BigInt(lastOffset) + 1n });
        });
      }
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await consumer.run({
        partitionsConsumedConcurrently: settings.concurrency,
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: async ({ batch: { topic, partition, messages }, heartbeat, resolveOffset }) => {
          const owned = assignment;
          if (!owned) return;
          try {
            for (let from = 0; from < messages.length; from += recordsAtOnce) {
              if (owned.isOver()) return;
              const records = messages.slice(from, from + recordsAtOnce);
              await owned.take(
                records.map((message) => toRecord(topic, partition, message)),
                heartbeat,
              );
              const last = records.at(-1);
              if (last) resolveOffset(last.offset);
              await heartbeat();
            }
            owned.commitSoon();
          } catch (error) {
            // KafkaJS rejoins only after this handler. In a rebalance the broker still accepts the offsets. When the coordinator
            // has moved or is unavailable, a commit would wait for the old coordinator and delay the rejoin.
            if (isRebalancing(error)) await owned.commit();
            else owned.commitSoon();
            throw error;
          }
        },
      });
      await ended;
    };

    const run = async (): Promise<void> => {
      while (!stopping.signal.aborted) {
        try {
          await runOnce();
        } catch (error) {
          lastError = error;
          logger.warn('the consumer could not start', { error, groupId });
        }
        joined = false;
        await assignment?.close();
        assignment = undefined;
        await current?.disconnect().catch((error: unknown) => {
          logger.warn('the consumer did not leave its group', { error, groupId });
        });
        await pause(restartMs, stopping.signal);
      }
    };
    const running = run();

    return {
      problem: () => (joined ? undefined : notAMember(lastError)),
      stop: async () => {
        stopping.abort();
        await running;
        if (fromBeginning) await deleteGroup(groupId);
      },
    };
  };

  const ends = async (topics: readonly string[]): Promise<readonly Progress[]> => {
    const admin = kafka.admin({ retry: { retries: 1 } });
    await admin.connect();
    try {
      const found = await Promise.all(
        topics.map(async (topic) => {
          const partitions = await admin.fetchTopicOffsets(topic);
          return partitions.flatMap(({ partition, low, high }) =>
            low === high ? [] : [{ topic, partition, next: BigInt(high) }],
          );
        }),
      );
      return found.flat();
    } finally {
      await admin.disconnect();
    }
  };

  const committed = async (
    groupIds: readonly string[],
    topics: readonly string[],
  ): Promise<ReadonlyMap<string, readonly Progress[]>> => {
    const admin = kafka.admin({ retry: { retries: 1 } });
    await admin.connect();
    try {
      const found = await Promise.all(
        groupIds.map(async (groupId): Promise<[string, readonly Progress[]]> => {
          const offsets = await admin.fetchOffsets({ groupId, topics: [...topics] });
          return [
            groupId,
            offsets.flatMap(({ topic, partitions }) =>
              // -1: nothing is committed yet.
              partitions.flatMap(({ partition, offset }) =>
                Number(offset) < 0 ? [] : [{ topic, partition, next: BigInt(offset) }],
              ),
            ),
          ];
        }),
      );
      return new Map(found);
    } finally {
      await admin.disconnect();
    }
  };

  const lag = async (
    groupId: string,
    topics: readonly string[],
  ): Promise<ReadonlyMap<string, readonly PartitionLag[]>> => {
    const admin = kafka.admin({ retry: { retries: 1 } });
    await admin.connect();
    try {
      const committed = await admin.fetchOffsets({ groupId, topics: [...topics] });
      const found = await Promise.all(
        committed.map(async ({ topic, partitions }): Promise<[string, readonly PartitionLag[]]> => {
          const offsets = new Map(partitions.map(({ partition, offset }) => [partition, offset]));
          const bounds = await admin.fetchTopicOffsets(topic);
          const lags = bounds.map((bound) => partitionLag(bound, offsets.get(bound.partition)));
          return [topic, lags.toSorted((one, other) => one.partition - other.partition)];
        }),
      );
      return new Map(found);
    } finally {
      await admin.disconnect();
    }
  };

  return { subscribe, ends, committed, lag };
}
