// Framing, validation, and decoding of events that another version has written.
import avro from 'avsc';
import { describe, expect, it } from 'vitest';
import { eventCatalogue, type DomainEvent } from '../../../schemas/generated/events.ts';
import { avroOptions } from '../../../schemas/avro-types.ts';
import { createEventCodec, frame, InvalidEvent, UndecodableRecord, unframe } from './event-codec.ts';
import { DependencyUnavailable } from '../database/transient.ts';

const metadata = {
  eventId: '0199a0c4-0000-7000-8000-000000000001',
  correlationId: 'correlation-1',
  causationId: 'cause-1',
  occurredAt: new Date('2026-01-01T10:00:00.123Z'),
};
const reserved: DomainEvent = {
  type: 'inventory.reserved',
  data: {
    orderId: 'order-1',
    items: [{ productId: 'a', quantity: 2 }],
    expiresAt: new Date('2026-01-01T10:30:00Z'),
  },
};
const writer = (schema: string) => avro.Type.forSchema(JSON.parse(schema), avroOptions());
const released = eventCatalogue['inventory.reserved'].schema;
const codecFor = (schema: string | undefined, id: number | undefined = 7) =>
  createEventCodec(
    () => id,
    (requested) => Promise.resolve(requested === 7 && schema !== undefined ? writer(schema) : undefined),
  );

describe('encoding', () => {
  it('frames the body with the registered id and names the message key', () => {
    const { payload, schemaId, aggregateId } = codecFor(released).encode(reserved, metadata);
    expect(payload.subarray(0, 5)).toEqual(Buffer.from([0, 0, 0, 0, 7]));
    expect([schemaId, aggregateId]).toEqual([7, 'order-1']);
    expect(writer(released).fromBuffer(unframe(payload).body)).toMatchObject({ metadata, ...reserved.data });
  });
  it('refuses an event that breaks its schema and names the field', () => {
    const broken: DomainEvent = {
      type: 'inventory.reserved',
      data: { orderId: 'order-1', items: [{ productId: 'a', quantity: 1.5 }], expiresAt: null },
    };
    expect(() => codecFor(released).encode(broken, metadata)).toThrow(InvalidEvent);
    expect(() => codecFor(released).encode(broken, metadata)).toThrow(/items\.0\.quantity/);
  });
  it('refuses an event without a message key', () => {
    const keyless: DomainEvent = {
      type: 'order.fulfilled',
      data: { orderId: '', customerId: 'customer-1' },
    };
    expect(() => codecFor(released).encode(keyless, metadata)).toThrow(/orderId to be its message key/);
  });
  it('fails as transient while the schema id is not resolved', () => {
    const codec = createEventCodec(
      () => undefined,
      () => Promise.resolve(undefined),
    );
    expect(() => codec.encode(reserved, metadata)).toThrow(DependencyUnavailable);
  });
});

describe('decoding with the reader schema', () => {
  it('returns the encoded event, with dates as dates', async () => {
    const codec = codecFor(released);
    expect(await codec.decode(codec.encode(reserved, metadata).payload)).toEqual({ ...reserved, metadata });
  });

  it('fills in the default of a field that an older writer does not have', async () => {
    const schema: { fields: { name: string }[] } = JSON.parse(released);
    const older = JSON.stringify({
      ...schema,
      fields: schema.fields.filter((field) => field.name !== 'expiresAt'),
    });
    const body = writer(older).toBuffer({ metadata, orderId: 'order-1', items: [] });
    expect(await codecFor(older).decode(frame(7, body))).toMatchObject({ data: { expiresAt: null } });
  });

  it('drops a field that only a newer writer has', async () => {
    const schema: { fields: object[] } = JSON.parse(released);
    const newer = JSON.stringify({
      ...schema,
      fields: [...schema.fields, { name: 'warehouse', type: 'string', default: '' }],
    });
    const body = writer(newer).toBuffer({ metadata, ...reserved.data, warehouse: 'north' });
    expect(await codecFor(newer).decode(frame(7, body))).toEqual({ ...reserved, metadata });
  });

  it('decodes an unknown enum symbol as "unspecified"', async () => {
    const { schema } = eventCatalogue['inventory.released'];
    const newer = schema.replace('"order_cancelled"', '"order_cancelled","warehouse_burnt"');
    const body = writer(newer).toBuffer({
      metadata,
      orderId: 'order-1',
      items: [],
      reason: 'warehouse_burnt',
    });
    expect(await codecFor(newer).decode(frame(7, body))).toMatchObject({ data: { reason: 'unspecified' } });
  });

  it('calls the registry once per schema id', async () => {
    let calls = 0;
    const codec = createEventCodec(
      () => 7,
      () => {
        calls += 1;
        return Promise.resolve(writer(released));
      },
    );
    const { payload } = codec.encode(reserved, metadata);
    await codec.decode(payload);
    await codec.decode(payload);
    expect(calls).toBe(1);
  });
});

describe('bytes that can never be decoded', () => {
  const body = codecFor(released).encode(reserved, metadata).payload;
  const unknownRecord = JSON.stringify({
    type: 'record',
    name: 'Stranger',
    namespace: 'elsewhere',
    fields: [],
  });
  it.each([
    ['no framing', Buffer.from('{"json":true}'), released],
    ['an empty value', Buffer.alloc(0), released],
    ['a header only', Buffer.from([0, 0, 0, 0, 7]), released],
    ['an unknown schema id', Buffer.concat([Buffer.from([0, 0, 0, 0, 8]), body.subarray(5)]), released],
    ['a cut-off body', body.subarray(0, 20), released],
    ['a body with trailing bytes', Buffer.concat([body, Buffer.from([1, 2, 3])]), released],
    ['an unknown record', Buffer.from([0, 0, 0, 0, 7, 0]), unknownRecord],
  ])('are refused: %s', async (_what, bytes, schema) => {
    await expect(codecFor(schema).decode(bytes)).rejects.toThrow(UndecodableRecord);
  });
  it('are distinguished from bytes whose schema cannot be fetched at the moment', async () => {
    const codec = createEventCodec(
      () => 7,
      () => Promise.reject(new DependencyUnavailable('down')),
    );
    await expect(codec.decode(body)).rejects.toThrow(DependencyUnavailable);
  });
});
