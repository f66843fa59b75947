// Emits the event of a reservation's current state again, for a repair. inventory.reservation_failed cannot be emitted again,
// because the shortages are not stored.
import type { ReleaseReason } from '../../../schemas/generated/events.ts';
import { accepted, ignored, rejected, type Decision } from '../../platform/transaction/decision/decision.ts';
import type { Reservation, ReservationEvent } from './reservation.ts';

export interface RepairView {
  readonly reservation: Reservation;
  /** The cause of the release, from the stock ledger; null if the reservation was not released or held no stock. */
  readonly releaseReason: ReleaseReason | null;
}

export function reemit(view: RepairView): Decision<RepairView, ReservationEvent> {
  const { reservation, releaseReason } = view;
  const { orderId, state, items, expiresAt } = reservation;
  switch (state) {
    case 'reserved':
    case 'pinned':
      return accepted(view, { type: 'inventory.reserved', data: { orderId, items, expiresAt } });
    case 'committed':
      return accepted(view, { type: 'inventory.committed', data: { orderId, items } });
    case 'expired':
      return accepted(view, { type: 'inventory.released', data: { orderId, items, reason: 'ttl_expired' } });
    case 'released':
      return releaseReason === null
        ? ignored('nothing_was_held')
        : accepted(view, { type: 'inventory.released', data: { orderId, items, reason: releaseReason } });
    case 'failed':
      return rejected('not_reconstructible', 'The shortages of a failed reservation are not stored.');
    default:
      return state satisfies never;
  }
}
