// Outbox rows as the inventory service writes them, for tests that need events by the hundred or of a size to order. Each says
// a version of a product that everybody knows already: it is published and consumed, and changes nothing.
import { randomUUID } from 'node:crypto';
import { createTestCodec, traceparent } from './database.ts';
import { newProduct } from './shop.ts';

/** The first version of a new product again and again, under one correlation id. */
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
    /** Its payload has exactly that many bytes. */
    rowOfSize: (bytes: number) => {
      const rough = rowOf('x'.repeat(bytes - 1_000)).payload.length;
      return rowOf('x'.repeat(2 * bytes - 1_000 - rough));
    },
  };
};
