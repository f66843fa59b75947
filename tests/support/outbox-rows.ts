// Builds outbox rows like those of the inventory service, for tests that need many events or events of a certain size. Each event has
// a product version that every consumer already knows, so the events are published and consumed without an effect.
import { randomUUID } from 'node:crypto';
import { createTestCodec, traceparent } from './database.ts';
import { newProduct } from './shop.ts';

/** Creates a product, and returns functions that build outbox rows about it; the test inserts them. All rows have the same
 *  correlation id. */
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
    /** A row whose payload has exactly this number of bytes, which must be more than 1,000. */
    rowOfSize: (bytes: number) => {
      const nameLength = bytes - 1_000;
      const overhead = rowOf('x'.repeat(nameLength)).payload.length - nameLength;
      return rowOf('x'.repeat(bytes - overhead));
    },
  };
};
