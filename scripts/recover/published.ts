// What of an outbox is on its topic: the one comparison that recovery rests on. It needs no word of the slot, of the offsets or
// of an earlier run that was cut short.
import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { kafkaJsEventStream } from '../../services/platform/messaging/kafkajs-event-stream.ts';
import { createLogger } from '../../services/platform/process/logger.ts';
import { until } from '../stack/supervise/deadline.ts';
import type { StackAddress } from '../operator/environment.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';

const nowhere = new Writable({
  write: (_chunk, _encoding, done) => {
    done();
  },
});

const idsAtOnce = 5_000;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Hands on the event ids that committed records of the topic carry, up to the end it has now, a few thousand at a time: however
 * long the topic is, no more than these are kept. Throws a failure when the end is not reached in time, as while a dead
 * producer's transaction is still open: what it holds cannot be told apart from what is missing.
 */
export const readPublished = async (
  { brokers, security }: StackAddress['kafka'],
  topic: string,
  withinMs: number,
  take: (ids: readonly string[]) => Promise<void>,
): Promise<void> => {
  const logger = createLogger({ service: 'recover', level: 'error', stream: nowhere });
  const stream = kafkaJsEventStream(
    { brokers, security, clientId: 'orderflow-recover', concurrency: 4 },
    logger,
  );
  const ends = await until({ what: `the ends of ${topic}`, withinMs: 20_000 }, () => stream.ends([topic]));
  const reached = new Map<number, bigint>();
  const read: string[] = [];
  let notTaken: unknown;
  const handOn = async (): Promise<void> => {
    const ids = read.splice(0);
    if (ids.length === 0) return;
    try {
      await take(ids);
    } catch (error) {
      // The records come no more, so nothing may be concluded from what is known so far.
      notTaken ??= error;
    }
  };
  const subscription = stream.subscribe({
    groupId: `recover-${randomUUID()}`,
    topics: [topic],
    fromBeginning: true,
    onRecord: async ({ headers }) => {
      const id = headers['id'];
      if (id !== undefined && uuid.test(id)) read.push(id);
      if (read.length >= idsAtOnce) await handOn();
      return undefined;
    },
    onProgress: ({ partition, next }) => {
      if (next > (reached.get(partition) ?? 0n)) reached.set(partition, next);
    },
  });
  try {
    await until({ what: `the end of ${topic}`, withinMs }, () => {
      if (notTaken !== undefined)
        throw failure(`what is on ${topic} could not be noted: ${messageOf(notTaken)}`);
      return Promise.resolve(ends.every(({ partition, next }) => (reached.get(partition) ?? 0n) >= next));
    });
  } finally {
    await subscription.stop();
  }
  await handOn();
  if (notTaken !== undefined) throw failure(`what is on ${topic} could not be noted: ${messageOf(notTaken)}`);
};
