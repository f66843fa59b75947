// What can happen to the shop of the model, step by step, and how it begins. Few products and few orders, so that they meet
// in every way.
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
/** Two products of two sellers, few enough units that three orders compete for them. */
export const catalogue = new Map([product('cup', 'anna'), product('pen', 'ben')]);
export const unitsAtStart = new Map([
  ['cup', 2],
  ['pen', 3],
]);
/** What can be ordered: one seller, both sellers, the same product on two lines, more than there is. */
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
 * One thing that happens. A `pick` chooses among whatever there is to choose from at that moment; a step for which there is
 * nothing does nothing, so every list of steps is a possible history.
 */
export type Step =
  | { readonly do: 'place'; readonly basket: number; readonly mode: 'AUTO' | 'MANUAL' }
  | { readonly do: 'cancel' | 'pay' | 'expire' | 'check the deadline'; readonly pick: number }
  | { readonly do: 'confirm' | 'fulfill'; readonly pick: number; readonly seller: 'anna' | 'ben' }
  /** `crash`: after the commit, before the offset advanced. `park`: as a dead letter, unhandled. */
  | { readonly do: 'deliver'; readonly pick: number; readonly how: 'once' | 'crash' | 'park' }
  /** The offset of one key falls back, as after a rebalance. */
  | { readonly do: 'rewind'; readonly pick: number; readonly by: number }
  /** A dead letter is handled now, whatever came in between. */
  | { readonly do: 'replay'; readonly pick: number }
  /** An event of the past is published once more, as another event. */
  | { readonly do: 'publish again'; readonly pick: number }
  | { readonly do: 'lease' | 'turn away' | 'die' | 'record'; readonly pick: number }
  | { readonly do: 'ask'; readonly pick: number; readonly fate: Fate }
  | { readonly do: 'wait'; readonly minutes: number };

/** What befalls one call of the gateway. `lost`: never arrived. `dropped`: carried out, but the answer never arrived. */
export type Fate = 'succeed' | 'decline' | 'lost' | 'dropped' | 'busy';
