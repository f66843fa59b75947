// Which rows of an outbox are on their topic: the one comparison that recovery rests on. It needs no word of the slot, of the
// offsets or of an earlier run that was cut short.
import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { kafkaJsEventStream } from '../../services/platform/kafkajs-event-stream.ts';
import { createLogger } from '../../services/platform/logger.ts';
import { until } from '../stack/deadline.ts';

const nowhere = new Writable({
  write: (_chunk, _encoding, done) => {
    done();
  },
});

/**
 * Those of `ids` that committed records of the topic carry, up to the end it has now. Keeps no more than the ids it is given,
 * however long the topic is. Throws a failure when the end is not reached in time, as while a dead producer's transaction is
 * still open: what it holds cannot be told apart from what is missing.
 */
export const publishedAmong = async (
  broker: string,
  topic: string,
  ids: ReadonlySet<string>,
  withinMs: number,
): Promise<ReadonlySet<string>> => {
  const logger = createLogger({ service: 'recover', level: 'error', stream: nowhere });
  const stream = kafkaJsEventStream(
    { brokers: [broker], clientId: 'orderflow-recover', concurrency: 4 },
    logger,
  );
  const ends = await until({ what: `the ends of ${topic}`, withinMs: 20_000 }, () => stream.ends([topic]));
  const published = new Set<string>();
  const reached = new Map<number, bigint>();
  const subscription = stream.subscribe({
    groupId: `recover-${randomUUID()}`,
    topics: [topic],
    fromBeginning: true,
    onRecord: ({ headers }) => {
      const id = headers['id'];
      if (id !== undefined && ids.has(id)) published.add(id);
      return Promise.resolve();
    },
    onProgress: ({ partition, next }) => {
      if (next > (reached.get(partition) ?? 0n)) reached.set(partition, next);
    },
  });
  try {
    await until({ what: `the end of ${topic}`, withinMs }, () =>
      Promise.resolve(ends.every(({ partition, next }) => (reached.get(partition) ?? 0n) >= next)),
    );
    return published;
  } finally {
    await subscription.stop();
  }
};
