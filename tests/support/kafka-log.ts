// Reads topics with a plain consumer that shares no code with the services.
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type KafkaMessage } from 'kafkajs';
import { stack } from './shop.ts';

export const kafka = new Kafka({
  clientId: 'tests',
  brokers: [stack.urls.kafka],
  logLevel: logLevel.NOTHING,
  connectionTimeout: 5_000,
  requestTimeout: 15_000,
  retry: { retries: 10, maxRetryTime: 3_000 },
});

export type LogRecord = KafkaMessage & { readonly topic: string; readonly partition: number };

/** All committed records of a topic up to its current end, sorted by partition and offset. */
export async function readTopic(topic: string): Promise<LogRecord[]> {
  const admin = kafka.admin();
  await admin.connect();
  const endOffsets = new Map(
    (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, BigInt(high)]),
  );
  await admin.disconnect();

  const groupId = `reader-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, readUncommitted: false });
  const records: LogRecord[] = [];
  const nextOffsets = new Map<number, bigint>();
  const complete = Promise.withResolvers<undefined>();
  const checkComplete = (): void => {
    // The offsets of the batches decide, not the number of records: with transactions, a partition can end with control records, which
    // have offsets but are not delivered to consumers.
    if (
      [...endOffsets].every(([partition, end]) => end === 0n || (nextOffsets.get(partition) ?? 0n) >= end)
    ) {
      complete.resolve(undefined);
    }
  };
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: true,
    eachBatch: ({ batch }) => {
      for (const message of batch.messages) {
        // KafkaJS delivers the same batch again after a retry.
        if (BigInt(message.offset) < (nextOffsets.get(batch.partition) ?? 0n)) continue;
        records.push({ ...message, topic, partition: batch.partition });
      }
      nextOffsets.set(batch.partition, BigInt(batch.lastOffset()) + 1n);
      checkComplete();
      return Promise.resolve();
    },
  });
  checkComplete();
  const deadline = setTimeout(() => {
    complete.reject(new Error(`${topic} could not be read to its end in time`));
  }, 30_000);
  try {
    await complete.promise;
  } finally {
    clearTimeout(deadline);
    await consumer.disconnect();
    const cleaner = kafka.admin();
    await cleaner.connect();
    await cleaner.deleteGroups([groupId]).catch(() => undefined);
    await cleaner.disconnect();
  }
  return records.sort((a, b) => a.partition - b.partition || Number(BigInt(a.offset) - BigInt(b.offset)));
}

/** The value of a header; undefined if the header is absent or null. Throws if the record has the header more than once. */
export function header(record: LogRecord, name: string): string | undefined {
  const value = record.headers?.[name];
  if (Array.isArray(value)) throw new Error(`header ${name} is repeated`);
  return value?.toString('utf8');
}
