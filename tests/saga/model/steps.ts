// The steps of the model and its initial data. There are few products and few orders, so that orders compete in every way.
import type { CatalogueItem } from '../../../services/order/domain/place-order.ts';

export const groups = ['order', 'inventory', 'payment'] as const;
export type Group = (typeof groups)[number];

export const minutes = 60_000;
export const ttlMs = 30 * minutes;
export const deadlineMs = 45 * minutes;
export const mostOrders = 3;

const price = { amountMinor: 1_000, currency: 'EUR' };
const product = (productId: string, sellerId: string): [string, CatalogueItem] => [
  productId,
  { productId, sellerId, name: productId, price, version: 1 },
];
/** Two products of two sellers. */
export const catalogue = new Map([product('cup', 'anna'), product('pen', 'ben')]);
/** So few units that three orders compete for them. */
export const unitsAtStart = new Map([
  ['cup', 2],
  ['pen', 3],
]);
/** The orders that can be placed: one seller, another one, both sellers, one product on two lines, more units than exist. */
export const baskets: readonly (readonly [string, number][])[] = [
  [['cup', 1]],
  [['pen', 2]],
  [
    ['cup', 1],
    ['pen', 1],
  ],
  [
    ['cup', 1],
    ['cup', 1],
  ],
  [
    ['pen', 1],
    ['cup', 3],
  ],
];
export const customerId = 'carl';

/**
 * One step. `pick` selects one of the candidates of that moment. A step without a candidate does nothing, so every list of
 * steps is a valid history.
 */
export type Step =
  | { readonly do: 'place'; readonly basket: number; readonly mode: 'AUTO' | 'MANUAL' }
  | { readonly do: 'cancel' | 'pay' | 'expire' | 'check the deadline'; readonly pick: number }
  | { readonly do: 'confirm' | 'fulfill'; readonly pick: number; readonly seller: 'anna' | 'ben' }
  /** `crash`: after the commit, before the offset is committed. `dead-letter`: stored as a dead letter without being handled. */
  | { readonly do: 'deliver'; readonly pick: number; readonly how: 'once' | 'crash' | 'dead-letter' }
  /** The offset of one key is reset to an earlier one, as after a rebalance. */
  | { readonly do: 'rewind'; readonly pick: number; readonly by: number }
  /** A dead letter is handled now, whatever was handled in between. */
  | { readonly do: 'replay'; readonly pick: number }
  /** A past event is published again under another event id. */
  | { readonly do: 'publish again'; readonly pick: number }
  /** A worker leases a request, releases it because the circuit is open, dies, or records the answer. */
  | { readonly do: 'lease' | 'release' | 'die' | 'record'; readonly pick: number }
  | { readonly do: 'call'; readonly pick: number; readonly behaviour: ProviderBehaviour }
  | { readonly do: 'wait'; readonly minutes: number };

/** What happens to one gateway call. `lost`: it never arrives. `dropped`: it is executed, but its answer is lost. */
export type ProviderBehaviour = 'succeed' | 'decline' | 'lost' | 'dropped' | 'busy';
