// Reads which events of an outbox are on its topic. Recovery decides only by comparing the outbox with the topic, not by the slot, the
// stored offsets or the state of an earlier run.
import { randomUUID } from 'node:crypto';
import { kafkaJsEventStream } from '../../services/platform/messaging/kafkajs-event-stream.ts';
import { until } from '../stack/supervise/deadline.ts';
import type { StackAddress } from '../operator/environment.ts';
import { silentLogger } from '../../services/platform/process/silent-logger.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';

const batchSize = 5_000;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Reads the topic up to its present end and passes the event ids of committed records to `take`, one batch at a time, so memory
 * stays bounded. Throws a failure when the end is not reached in time, for example while the transaction of a dead producer is
 * open. Without the failure, the events of that transaction and those behind it would be counted as missing.
 */
export const readPublished = async (
  { brokers, security }: StackAddress['kafka'],
  topic: string,
  withinMs: number,
  take: (ids: readonly string[]) => Promise<void>,
): Promise<void> => {
  const stream = kafkaJsEventStream(
    { brokers, security, clientId: 'orderflow-recover', concurrency: 4 },
    silentLogger('recover'),
  );
  const ends = await until({ what: `the ends of ${topic}`, withinMs: 20_000 }, () => stream.ends([topic]));
  const reached = new Map<number, bigint>();
  const batch: string[] = [];
  let takeError: unknown;
  const flush = async (): Promise<void> => {
    const ids = batch.splice(0);
    if (ids.length === 0) return;
    try {
      await take(ids);
    } catch (error) {
      // These records are not delivered again, so the result would be incomplete: the whole read fails.
      takeError ??= error;
    }
  };
  const throwOnTakeError = (): void => {
    if (takeError !== undefined)
      throw failure(`the events on ${topic} could not be recorded: ${messageOf(takeError)}`);
  };
  const subscription = stream.subscribe({
    groupId: `recover-${randomUUID()}`,
    topics: [topic],
    fromBeginning: true,
    onRecord: async ({ headers }) => {
      const id = headers['id'];
      if (id !== undefined && uuid.test(id)) batch.push(id);
      if (batch.length >= batchSize) await flush();
      return undefined;
    },
    onProgress: ({ partition, next }) => {
      if (next > (reached.get(partition) ?? 0n)) reached.set(partition, next);
    },
  });
  try {
    await until({ what: `the end of ${topic}`, withinMs }, () => {
      throwOnTakeError();
      return Promise.resolve(ends.every(({ partition, next }) => (reached.get(partition) ?? 0n) >= next));
    });
  } finally {
    await subscription.stop();
  }
  await flush();
  throwOnTakeError();
};
