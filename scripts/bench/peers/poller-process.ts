// The alternative to Debezium: a relay that polls the outboxes. Every second, it takes up to 500 rows of each outbox, publishes
// them with acks=all and deletes them in the same transaction. After a full batch, it takes the next batch at once.
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { z } from 'zod';
import { kafkaClient } from '../../stack/parts/kafka.ts';

const config = z
  .object({ brokers: z.string(), databases: z.array(z.object({ url: z.string(), topic: z.string() })) })
  .parse(JSON.parse(process.argv[2] ?? '{}'));

const everyMs = 1_000;
const batchSize = 500;

interface Row {
  readonly id: string;
  readonly aggregate_id: string;
  readonly event_type: string;
  readonly payload: Buffer;
  readonly correlation_id: string;
  readonly causation_id: string;
  readonly traceparent: string;
  readonly occurred_at: Date;
}

const producer = kafkaClient(config.brokers, 'bench-poller').producer({
  idempotent: true,
  retry: { retries: 5 },
});
await producer.connect();

const relayBatch = (sql: postgres.Sql, topic: string): Promise<number> =>
  sql.begin(async (tx) => {
    const rows = await tx<Row[]>`
      delete from outbox where id in (
        select id from outbox order by occurred_at, id limit ${batchSize} for update skip locked) returning *`;
    if (rows.length === 0) return 0;
    const inOrder = [...rows].sort(
      (a, b) => a.occurred_at.getTime() - b.occurred_at.getTime() || (a.id < b.id ? -1 : 1),
    );
    await producer.send({
      topic,
      acks: -1,
      messages: inOrder.map((row) => ({
        key: row.aggregate_id,
        value: row.payload,
        headers: {
          id: row.id,
          eventType: row.event_type,
          correlationId: row.correlation_id,
          causationId: row.causation_id,
          traceparent: row.traceparent,
        },
      })),
    });
    return rows.length;
  });

const relay = async ({ url, topic }: { url: string; topic: string }): Promise<never> => {
  const sql = postgres(url, { max: 1, connect_timeout: 5 });
  for (;;) {
    const count = await relayBatch(sql, topic);
    if (count < batchSize) await delay(everyMs);
  }
};

await Promise.all(config.databases.map(relay));
