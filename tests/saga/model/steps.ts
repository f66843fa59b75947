// The steps of the model and its initial data. There are few products with few units, so that the orders compete for stock.
import type { CatalogueItem } from '../../../services/order/domain/place-order.ts';

export const groups = ['order', 'inventory', 'payment'] as const;
export type Group = (typeof groups)[number];

export const minutes = 60_000;
export const ttlMs = 30 * minutes;
export const deadlineMs = 45 * minutes;
export const maxOrders = 3;

const price = { amountMinor: 1_000, currency: 'EUR' };
const product = (productId: string, sellerId: string): [string, CatalogueItem] => [
  productId,
  { productId, sellerId, name: productId, price, version: 1 },
];
/** Two products, each of a different seller. */
export const catalogue = new Map([product('cup', 'anna'), product('pen', 'ben')]);
/** So few units that three orders compete for stock. */
export const initialUnits = new Map([
  ['cup', 2],
  ['pen', 3],
]);
/** The baskets from which orders are placed: items of one seller, of the other seller, of both sellers, one product on two lines, and
 *  more units than exist. */
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
 * One step. `pick` selects one of the candidates that exist when the step is performed. A step without a candidate does nothing, so
 * every list of steps is a valid history.
 */
export type Step =
  | { readonly do: 'place'; readonly basket: number; readonly mode: 'AUTO' | 'MANUAL' }
  | { readonly do: 'cancel' | 'pay' | 'expire' | 'check the deadline'; readonly pick: number }
  | { readonly do: 'confirm' | 'fulfill'; readonly pick: number; readonly seller: 'anna' | 'ben' }
  /** `crash`: the consumer dies after the database commit and before the offset commit. `dead-letter`: the event is stored as a dead
   *  letter and not handled. */
  | { readonly do: 'deliver'; readonly pick: number; readonly how: 'once' | 'crash' | 'dead-letter' }
  /** The consumer reads a key again from an earlier offset, as after a rebalance. */
  | { readonly do: 'rewind'; readonly pick: number; readonly by: number }
  /** A dead letter is replayed, possibly after later events of the order have been handled. */
  | { readonly do: 'replay'; readonly pick: number }
  /** An earlier event is published again with a new event id. */
  | { readonly do: 'publish again'; readonly pick: number }
  /** An instance leases a request, releases the request because the circuit is open, dies, or records the response. */
  | { readonly do: 'lease' | 'release' | 'die' | 'record'; readonly pick: number }
  | { readonly do: 'call'; readonly pick: number; readonly behaviour: ProviderBehaviour }
  | { readonly do: 'wait'; readonly minutes: number };

/**
 * What happens to a gateway call. `lost`: the request never arrives. `dropped`: the request takes effect, but the response is lost.
 * `busy`: the provider still handles an earlier request with the same key.
 */
export type ProviderBehaviour = 'succeed' | 'decline' | 'lost' | 'dropped' | 'busy';
