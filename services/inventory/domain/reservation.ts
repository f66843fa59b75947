// Decides reservations. Either all items of an order are reserved, or none. A reservation expires after its TTL unless a payment
// pins it first. A pinned reservation is committed when the order is shipped, or released when the order is cancelled.
import type { DomainEvent, ReleaseReason } from '../../../schemas/generated/events.ts';
import { accepted, ignored, rejected, type Decision } from '../../platform/transaction/decision/decision.ts';

export type ReservationState = 'reserved' | 'pinned' | 'failed' | 'released' | 'expired' | 'committed';

interface ReservationItem {
  readonly productId: string;
  readonly quantity: number;
}

export interface Reservation {
  readonly orderId: string;
  readonly state: ReservationState;
  /** See `sumByProduct`; empty if nothing was ever reserved. */
  readonly items: readonly ReservationItem[];
  /** Null in every state except `reserved`. */
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Despite its name, `available` counts all units on hand, reserved ones included. Always 0 ≤ reserved ≤ available. */
export interface Stock {
  readonly available: number;
  readonly reserved: number;
}

/** The order's reservation and the stock of the affected products, all locked. */
export interface ReservationView {
  readonly reservation: Reservation | null;
  readonly stock: ReadonlyMap<string, Stock>;
}

/** A change of the stock of one product: the units to add, or to subtract if negative. */
interface StockChange {
  readonly productId: string;
  readonly available: number;
  readonly reserved: number;
}

/** What an accepted input changes. */
export interface ReservationChange {
  readonly reservation: Reservation;
  readonly stockChanges: readonly StockChange[];
}

export type ReservationInput = (
  | DomainEvent<
      'order.created' | 'order.cancelled' | 'order.fulfilled' | 'payment.succeeded' | 'payment.failed'
    >
  | { readonly type: 'expire'; readonly data: { readonly orderId: string } }
) & {
  readonly at: Date;
  /** Time to live of a new reservation, ms. */
  readonly ttlMs: number;
};

export type ReservationEvent = DomainEvent<
  'inventory.reserved' | 'inventory.reservation_failed' | 'inventory.released' | 'inventory.committed'
>;
type ReservationDecision = Decision<ReservationChange, ReservationEvent>;

/** Units per product, summed over the lines, sorted by product id. */
export function sumByProduct(lines: readonly ReservationItem[]): ReservationItem[] {
  const sums = new Map<string, number>();
  for (const { productId, quantity } of lines) sums.set(productId, (sums.get(productId) ?? 0) + quantity);
  return [...sums]
    .map(([productId, quantity]) => ({ productId, quantity }))
    .sort((a, b) => (a.productId < b.productId ? -1 : 1));
}

export function decide(input: ReservationInput, view: ReservationView): ReservationDecision {
  const { reservation } = view;
  const { orderId } = input.data;

  switch (input.type) {
    case 'order.created': {
      if (reservation) return ignored(`reservation_already_${reservation.state}`);
      const wanted = sumByProduct(input.data.items);
      const shortages = wanted.flatMap(({ productId, quantity }) => {
        const free = freeUnits(view.stock.get(productId));
        return quantity > free ? [{ productId, requested: quantity, free }] : [];
      });
      const base = { orderId, createdAt: input.at, updatedAt: input.at };
      if (shortages.length > 0) {
        return accepted(
          { reservation: { ...base, state: 'failed', items: [], expiresAt: null }, stockChanges: [] },
          { type: 'inventory.reservation_failed', data: { orderId, shortages } },
        );
      }
      const expiresAt = new Date(input.at.getTime() + input.ttlMs);
      return accepted(
        {
          reservation: { ...base, state: 'reserved', items: wanted, expiresAt },
          stockChanges: changeStock(wanted, { available: 0, reserved: 1 }),
        },
        { type: 'inventory.reserved', data: { orderId, items: wanted, expiresAt } },
      );
    }

    case 'payment.succeeded': {
      if (!reservation)
        return rejected('no_reservation', 'A payment arrived for an order without a reservation.');
      if (reservation.state !== 'reserved') return ignored(`reservation_already_${reservation.state}`);
      const { items } = reservation;
      return accepted(
        {
          reservation: { ...reservation, state: 'pinned', expiresAt: null, updatedAt: input.at },
          stockChanges: [],
        },
        { type: 'inventory.reserved', data: { orderId, items, expiresAt: null } },
      );
    }

    case 'payment.failed':
      if (!reservation)
        return rejected('no_reservation', 'A failed payment arrived for an order without a reservation.');
      return release(input.at, reservation, 'released', 'payment_failed');

    case 'order.cancelled':
      // A tombstone: if a replay delivers order.created after this event, no stock must be reserved for the cancelled order.
      if (!reservation) {
        const { at } = input;
        const tombstone: Reservation = {
          orderId,
          state: 'released',
          items: [],
          expiresAt: null,
          createdAt: at,
          updatedAt: at,
        };
        return accepted({ reservation: tombstone, stockChanges: [] });
      }
      return release(input.at, reservation, 'released', 'order_cancelled');

    case 'expire': {
      if (reservation?.state !== 'reserved') return ignored(`reservation_${reservation?.state ?? 'missing'}`);
      const due = reservation.expiresAt !== null && reservation.expiresAt.getTime() <= input.at.getTime();
      return due ? release(input.at, reservation, 'expired', 'ttl_expired') : ignored('not_due');
    }

    case 'order.fulfilled': {
      if (!reservation) return rejected('no_reservation', 'An order without a reservation was fulfilled.');
      if (reservation.state === 'committed') return ignored('reservation_already_committed');
      if (reservation.state !== 'pinned' && reservation.state !== 'reserved') {
        return rejected('not_held', `An order was fulfilled whose reservation is ${reservation.state}.`);
      }
      const { items } = reservation;
      return accepted(
        {
          reservation: { ...reservation, state: 'committed', expiresAt: null, updatedAt: input.at },
          stockChanges: changeStock(items, { available: -1, reserved: -1 }),
        },
        { type: 'inventory.committed', data: { orderId, items } },
      );
    }

    default:
      return input satisfies never;
  }
}

const freeUnits = (stock: Stock | undefined): number => (stock ? stock.available - stock.reserved : 0);

function release(
  at: Date,
  reservation: Reservation,
  state: 'released' | 'expired',
  reason: ReleaseReason,
): ReservationDecision {
  if (reservation.state !== 'reserved' && reservation.state !== 'pinned') {
    return ignored(`reservation_already_${reservation.state}`);
  }
  const { items, orderId } = reservation;
  return accepted(
    {
      reservation: { ...reservation, state, expiresAt: null, updatedAt: at },
      stockChanges: changeStock(items, { available: 0, reserved: -1 }),
    },
    { type: 'inventory.released', data: { orderId, items, reason } },
  );
}

/** The change of the stock by `perUnit` for each unit of the items. */
const changeStock = (
  items: readonly ReservationItem[],
  perUnit: Omit<StockChange, 'productId'>,
): StockChange[] =>
  items.map(({ productId, quantity }) => ({
    productId,
    available: perUnit.available * quantity,
    reserved: perUnit.reserved * quantity,
  }));
