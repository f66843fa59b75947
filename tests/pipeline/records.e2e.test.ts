// The records on Kafka, read by a consumer that shares no code with the services: the key, the framing, and the headers.
import { describe, expect, it } from 'vitest';
import postgres from 'postgres';
import avro from 'avsc';
import { header, readTopic } from '../support/kafka-log.ts';
import { eventually, newProduct, orderOne, orderWith, place, query, stack } from '../support/shop.ts';

const recordsOf = async (topic: string, key: string) =>
  (await readTopic(topic)).filter((record) => record.key?.toString('utf8') === key);

describe('a record', () => {
  it('has the order id as key, the unchanged payload of the outbox row, and exactly the headers of the contract', async () => {
    const testProduct = await newProduct(1);
    const { id } = await orderOne(testProduct.id);
    await orderWith(id, 'PAID');
    for (const [service, topic] of [
      ['order', 'order-events'],
      ['inventory', 'inventory-events'],
      ['payment', 'payment-events'],
    ] as const) {
      const records = await recordsOf(topic, id);
      const rows = await query(
        service,
        (sql) => sql`select * from outbox where aggregate_id = ${id} order by id`,
      );
      expect(records.length).toBe(rows.length);
      expect(records.length).toBeGreaterThan(0);
      expect(new Set(records.map((record) => record.partition)).size).toBe(1);
      for (const record of records) {
        const row = rows.find((candidate) => candidate['id'] === header(record, 'id'));
        expect(Object.keys(record.headers ?? {}).sort()).toEqual([
          'causationId',
          'correlationId',
          'eventType',
          'id',
          'occurredAt',
          'traceparent',
        ]);
        expect(header(record, 'eventType')).toBe(row?.['event_type']);
        expect(header(record, 'correlationId')).toBe(row?.['correlation_id']);
        expect(header(record, 'causationId')).toBe(row?.['causation_id']);
        expect(header(record, 'traceparent')).toBe(row?.['traceparent']);
        expect(new Date(header(record, 'occurredAt') ?? '')).toEqual(row?.['occurred_at']);
        expect(record.value).toEqual(row?.['payload']);
        expect(record.value?.readUInt8(0)).toBe(0);
      }
    }
  });

  it('can be decoded with only the registry, and its metadata equals its headers', async () => {
    const testProduct = await newProduct(1);
    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    const [record] = await eventually('order.created is published', async () => {
      const found = await recordsOf('order-events', id);
      return found.length > 0 && found;
    });
    const bytes = record?.value ?? Buffer.alloc(0);
    const answer = await fetch(`${stack.urls.registry}/schemas/ids/${bytes.readInt32BE(1)}`);
    const { schema } = Object(await answer.json());
    const decoded: Record<string, unknown> = avro.Type.forSchema(JSON.parse(schema)).fromBuffer(
      bytes.subarray(5),
    );
    expect(decoded).toMatchObject({
      orderId: id,
      metadata: {
        eventId: record && header(record, 'id'),
        correlationId: record && header(record, 'correlationId'),
        causationId: record && header(record, 'causationId'),
      },
    });
  });

  it('continues the trace of the request through every hop', async () => {
    const testProduct = await newProduct(1);
    const { id } = await place({
      items: [{ productId: testProduct.id, quantity: 1 }],
      headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
    });
    await orderWith(id, 'PAID');
    const records = (
      await Promise.all(
        ['order-events', 'inventory-events', 'payment-events'].map((topic) => recordsOf(topic, id)),
      )
    ).flat();
    const parents = records.map((record) => header(record, 'traceparent') ?? '');
    expect(new Set(parents.map((parent) => parent.split('-')[1]))).toEqual(
      new Set(['4bf92f3577b34da6a3ce929d0e0e4736']),
    );
    expect(new Set(parents.map((parent) => parent.split('-')[2])).size).toBe(records.length);
  });
});

describe('a transaction that rolls back', () => {
  it('publishes nothing, even if it has written an outbox row', async () => {
    const sql = postgres(stack.databases.order.service, { max: 1 });
    const row = (id: string) => ({
      id,
      aggregate_type: 'order',
      aggregate_id: 'rollback-test',
      event_type: 'order.fulfilled',
      schema_id: 1,
      payload: Buffer.from([0, 0, 0, 0, 1, 0]),
      correlation_id: 'rollback-test',
      causation_id: 'rollback-test',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      occurred_at: new Date(),
    });
    const rolledBack = '00000000-0000-4000-8000-000000000001';
    await expect(
      sql.begin(async (tx) => {
        await tx`insert into outbox ${tx(row(rolledBack))}`;
        throw new Error('rolled back on purpose');
      }),
    ).rejects.toThrow('rolled back on purpose');
    await sql.end();

    // Events are published in commit order: once the event of a later order is published, all earlier events are published too.
    const testProduct = await newProduct(1);
    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    await eventually(
      'the later event is published',
      async () => (await recordsOf('order-events', id)).length > 0,
    );
    expect(await recordsOf('order-events', 'rollback-test')).toEqual([]);
  });
});
