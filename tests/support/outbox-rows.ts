// Outbox rows as the inventory service writes them, for tests that need many events or a certain size. Each has a version of a
// product that every consumer knows already, so it is published and consumed without an effect.
import { randomUUID } from 'node:crypto';
import { createTestCodec, traceparent } from './database.ts';
import { newProduct } from './shop.ts';

/** Makes rows with the first version of a new product, all with one correlation id. */
export const createOutboxRows = async (correlationId: string) => {
  const { id: productId, price } = await newProduct(1);
  const codec = await createTestCodec(['inventory.product_changed']);
  const rowOf = (name: string) => {
    const id = randomUUID();
    const occurredAt = new Date();
    const { payload, schemaId } = codec.encode(
      {
        type: 'inventory.product_changed',
        data: { productId, sellerId: 'user-seller-001', name, sku: 's', price, version: 1 },
      },
      { eventId: id, correlationId, causationId: correlationId, occurredAt },
    );
    return {
      id,
      aggregate_type: 'inventory',
      aggregate_id: productId,
      event_type: 'inventory.product_changed',
      schema_id: schemaId,
      payload,
      correlation_id: correlationId,
      causation_id: correlationId,
      traceparent,
      occurred_at: occurredAt,
    };
  };
  return {
    productId,
    row: () => rowOf('n'),
    /** The payload has exactly this number of bytes. */
    rowOfSize: (bytes: number) => {
      const rough = rowOf('x'.repeat(bytes - 1_000)).payload.length;
      return rowOf('x'.repeat(2 * bytes - 1_000 - rough));
    },
  };
};
