// The demo catalogue. The products are created through `handle`, as for a request of a seller, so the order service gets their
// events. An existing product is not changed.
import type { Logger } from '../platform/process/logger.ts';
import { handle, Rejected, unclaimed, type Shell } from '../platform/transaction/handle.ts';
import { newTrace, randomSpanId, randomTraceId } from '../platform/telemetry/trace-context.ts';
import { productHandler } from './store.ts';

const product = (
  productId: string,
  sellerId: string,
  name: string,
  sku: string,
  amountMinor: number,
  quantity: number,
) => ({ productId, sellerId, name, sku, price: { amountMinor, currency: 'EUR' }, quantity });

const [seller, seller2] = ['user-seller-001', 'user-seller-002'];

const demoProducts = [
  product('espresso-machine', seller, 'Espresso machine', 'COF-001', 34_900, 40),
  product('coffee-grinder', seller, 'Coffee grinder', 'COF-002', 12_900, 60),
  product('filter-papers', seller, 'Filter papers, 100 pieces', 'COF-003', 450, 1_000),
  product('ceramic-mug', seller, 'Ceramic mug', 'COF-004', 1_290, 250),
  product('first-edition', seller, 'Signed first edition, the only copy', 'BOK-001', 89_000, 1),
  product('desk-lamp', seller2, 'Desk lamp', 'LAM-001', 5_990, 80),
  product('notebook', seller2, 'Notebook, dotted', 'PAP-001', 1_490, 500),
  product('fountain-pen', seller2, 'Fountain pen', 'PAP-002', 7_450, 35),
  product('wool-blanket', seller2, 'Wool blanket', 'HOM-001', 9_900, 20),
  product('plant-pot', seller2, 'Plant pot', 'HOM-002', 1_990, 120),
] as const;

/** Creates the demo products that are missing, except those whose SKU another product of the seller has. */
export async function seedDemoProducts(shell: Shell, logger: Logger): Promise<void> {
  for (const entry of demoProducts) {
    const at = new Date();
    const id = `seed-${entry.productId}`;
    const context = {
      correlationId: id,
      causationId: id,
      traceparent: newTrace(randomTraceId(), randomSpanId()),
      actor: 'seed',
    };
    const input = { type: 'create', at, ...entry } as const;
    try {
      await handle(shell, productHandler, { id, context, at, input }, unclaimed);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      logger.warn('demo product not created', { productId: entry.productId, reason: error.message });
    }
  }
}
