// Decides a new order. Prices and sellers come from the order service's copy of the catalogue, never from the client.
import type { DomainEvent, Money, PaymentMode } from '../../../schemas/generated/events.ts';
import { accepted, rejected, type Decision } from '../../platform/transaction/decision/decision.ts';
import type { Order } from './order.ts';

export interface PlaceOrder {
  readonly type: 'place_order';
  readonly orderId: string;
  readonly customerId: string;
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly payment: { readonly mode: PaymentMode; readonly method: string; readonly token: string | null };
  /** The total that the customer has seen, if the client sends it. */
  readonly expectedTotal?: Money | undefined;
  readonly at: Date;
}

export interface CatalogueItem {
  readonly productId: string;
  readonly sellerId: string;
  readonly name: string;
  readonly price: Money;
  readonly version: number;
}

/** Highest order total in minor units: the highest amount that the payment provider charges. Sums of 9,000 totals are exact. */
export const maxTotalMinor = 1_000_000_000_000;

/** Decides a new order against the catalogue entries of its products. */
export function placeOrder(
  command: PlaceOrder,
  catalogue: ReadonlyMap<string, CatalogueItem>,
): Decision<Order, DomainEvent<'order.created'>> {
  const unknown = command.items.map((item) => item.productId).filter((id) => !catalogue.has(id));
  if (unknown.length > 0) {
    return rejected('unknown_product', `No such product: ${[...new Set(unknown)].join(', ')}.`);
  }
  const items = command.items.flatMap(({ productId, quantity }) => {
    const entry = catalogue.get(productId);
    if (!entry) return [];
    const { sellerId, name, price } = entry;
    return [{ productId, sellerId, name, quantity, unitPrice: price, fulfilment: 'open' as const }];
  });
  const [first] = items;
  if (!first) return rejected('empty_order', 'An order needs at least one item.');
  const { currency } = first.unitPrice;
  if (items.some((item) => item.unitPrice.currency !== currency)) {
    return rejected('mixed_currencies', 'All items of an order must be priced in one currency.');
  }
  const amountMinor = items.reduce((sum, item) => sum + item.quantity * item.unitPrice.amountMinor, 0);
  if (amountMinor > maxTotalMinor)
    return rejected('total_too_large', `The total may be at most ${maxTotalMinor} minor units.`);
  // Products created before prices had a minimum can cost 0.
  if (amountMinor === 0) return rejected('nothing_to_pay', 'An order has to cost at least one minor unit.');

  const { orderId, customerId, payment, expectedTotal, at } = command;
  if (expectedTotal && (expectedTotal.amountMinor !== amountMinor || expectedTotal.currency !== currency)) {
    return rejected('price_changed', `The total is ${amountMinor} minor units of ${currency} now.`);
  }
  const order: Order = {
    id: orderId,
    customerId,
    items,
    total: { amountMinor, currency },
    reservation: { state: 'pending', expiresAt: null },
    payment: { ...payment, state: payment.mode === 'MANUAL' ? 'none' : 'pending' },
    cancellation: null,
    version: 1,
    createdAt: at,
    updatedAt: at,
  };
  return accepted(order, {
    type: 'order.created',
    data: {
      orderId,
      customerId,
      items: items.map(({ productId, sellerId, quantity, unitPrice }) => ({
        productId,
        sellerId,
        quantity,
        unitPrice,
      })),
      total: order.total,
      payment,
    },
  });
}
