// Measures the lower bound: the time of a message from a KafkaJS producer to a KafkaJS consumer over the same broker, without a
// database.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { failure } from '../../../schemas/tools/failure.ts';
import { kafkaClient } from '../../stack/parts/kafka.ts';
import { summarise, type Latency } from '../latency.ts';
import { steadily } from '../steadily.ts';

/** Sends at a steady rate with acks=all. A latency lasts from the call of `send` to the call of the consumer's handler, ms. */
export const measurePlainKafka = async (
  brokers: string,
  perSecond: number,
  seconds: number,
): Promise<Latency> => {
  const kafka = kafkaClient(brokers, 'bench-plain');
  const topic = `bench-plain-${randomUUID()}`;
  const [admin, producer, consumer] = [
    kafka.admin(),
    kafka.producer({ idempotent: true, retry: { retries: 5 } }),
    kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100 }),
  ];
  const sent = new Map<string, number>();
  const latencies: number[] = [];
  try {
    await admin.connect();
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 3 }] });
    await Promise.all([producer.connect(), consumer.connect()]);
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        const at = sent.get(String(message.key));
        if (at !== undefined) latencies.push(performance.now() - at);
        return Promise.resolve();
      },
    });
    const send = async (key: string, isMeasured: boolean): Promise<void> => {
      if (isMeasured) sent.set(key, performance.now());
      await producer.send({ topic, acks: -1, messages: [{ key, value: Buffer.alloc(300) }] });
    };
    // Warm-up, until the consumer has its partitions.
    for (let index = 0; index < 30; index += 1) {
      await send(`warm-up-${index}`, false);
      await delay(100);
    }
    await steadily(perSecond, seconds, (index) => send(`message-${index}`, true));
    for (let tries = 0; latencies.length < sent.size && tries < 100; tries += 1) await delay(100);
    if (latencies.length < sent.size)
      throw failure(`${sent.size - latencies.length} of ${sent.size} messages did not arrive within 10 s`);
    return summarise('plain Kafka, produce → consume', latencies);
  } finally {
    await consumer.disconnect();
    await producer.disconnect();
    await admin.deleteTopics({ topics: [topic] }).catch(() => undefined);
    await admin.disconnect();
  }
};
