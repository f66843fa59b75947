// What the inventory would have to say for others to know the present state of a reservation. Only what the rows still
// tell is said: the shortages of a refused reservation were never stored, so that event cannot be made again.
import type { ReleaseReason } from '../../../schemas/generated/events.ts';
import { accepted, ignored, rejected, type Decision } from '../../platform/transaction/decision/decision.ts';
import type { Reservation, ReservationEvent } from './reservation.ts';

export interface Held {
  readonly reservation: Reservation;
  /** From the stock ledger: what gave the units back; null while they have not been. */
  readonly releasedBy: ReleaseReason | null;
}

/** The event that the state implies. */
export function reemit(held: Held): Decision<Held, ReservationEvent> {
  const { reservation, releasedBy } = held;
  const { orderId, state, items, expiresAt } = reservation;
  switch (state) {
    case 'reserved':
    case 'pinned':
      return accepted(held, { type: 'inventory.reserved', data: { orderId, items, expiresAt } });
    case 'committed':
      return accepted(held, { type: 'inventory.committed', data: { orderId, items } });
    case 'expired':
      return accepted(held, { type: 'inventory.released', data: { orderId, items, reason: 'ttl_expired' } });
    case 'released':
      return releasedBy === null
        ? ignored('nothing_was_held')
        : accepted(held, { type: 'inventory.released', data: { orderId, items, reason: releasedBy } });
    case 'failed':
      return rejected('not_reconstructible', 'The shortages of a refused reservation are not stored.');
    default:
      return state satisfies never;
  }
}
