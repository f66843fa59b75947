// Decides the commands of sellers about their products. Only changes of the catalogue entry are published as events, not
// changes of the stock.
import type { DomainEvent, Money } from '../../../schemas/generated/events.ts';
import { accepted, ignored, rejected, type Decision } from '../../platform/transaction/decision/decision.ts';
import type { Stock } from './reservation.ts';

export interface Product extends Stock {
  readonly productId: string;
  readonly sellerId: string;
  readonly name: string;
  readonly sku: string;
  readonly price: Money;
  /** Version of the catalogue entry, from 1. */
  readonly version: number;
  readonly createdAt: Date;
}

export type ProductInput = { readonly sellerId: string; readonly productId: string; readonly at: Date } & (
  | {
      readonly type: 'create';
      readonly name: string;
      readonly sku: string;
      readonly price: Money;
      readonly quantity: number;
    }
  | {
      readonly type: 'change';
      readonly name?: string;
      readonly sku?: string;
      readonly price?: Money;
      /** The product must have one of these versions; undefined accepts any version. */
      readonly expectedVersions?: readonly number[];
    }
  | { readonly type: 'restock'; readonly quantity: number }
);

/** The locked product, if it exists, and whether its seller uses the SKU for another product. */
export interface ProductView {
  readonly product: Product | null;
  readonly skuTaken: boolean;
}

/** What an accepted input changes. */
export interface ProductChange {
  readonly product: Product;
  /** Units that the input adds to the stock. */
  readonly addedUnits: number;
}

type ProductDecision = Decision<ProductChange, DomainEvent<'inventory.product_changed'>>;

/** Maximum number of units per product, so that sums fit into a 32-bit integer. */
export const maxUnits = 1_000_000_000;

export function decideProduct(input: ProductInput, view: ProductView): ProductDecision {
  const { product, skuTaken } = view;

  if (input.type === 'create') {
    if (product) return ignored('already_exists');
    if (skuTaken) return rejected('sku_taken', `You already have a product with the SKU ${input.sku}.`);
    const { productId, sellerId, name, sku, price, quantity, at } = input;
    const entry = { productId, sellerId, name, sku, price, version: 1, createdAt: at };
    return publish({ ...entry, available: quantity, reserved: 0 }, quantity);
  }

  // The same response for a missing product and for a product of another seller, so that ids cannot be probed.
  if (product?.sellerId !== input.sellerId) return rejected('not_found', 'You have no such product.');

  if (input.type === 'restock') {
    if (product.available + input.quantity > maxUnits) {
      return rejected('too_many_units', `A product can have at most ${maxUnits} units.`);
    }
    const restocked = { ...product, available: product.available + input.quantity };
    return accepted({ product: restocked, addedUnits: input.quantity });
  }

  const { name = product.name, sku = product.sku, price = product.price, expectedVersions } = input;
  if (expectedVersions !== undefined && !expectedVersions.includes(product.version)) {
    return rejected('stale_version', `The product is at version ${product.version}.`);
  }
  const { amountMinor, currency } = product.price;
  const unchanged =
    name === product.name &&
    sku === product.sku &&
    price.amountMinor === amountMinor &&
    price.currency === currency;
  if (unchanged) return ignored('unchanged');
  if (sku !== product.sku && skuTaken) {
    return rejected('sku_taken', `You already have a product with the SKU ${sku}.`);
  }
  return publish({ ...product, name, sku, price, version: product.version + 1 });
}

const publish = (product: Product, addedUnits = 0): ProductDecision => {
  const { productId, sellerId, name, sku, price, version } = product;
  return accepted(
    { product, addedUnits },
    { type: 'inventory.product_changed', data: { productId, sellerId, name, sku, price, version } },
  );
};
