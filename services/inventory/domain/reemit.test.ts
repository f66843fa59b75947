// The state of a reservation decides which event its repair emits again.
import { describe, expect, it } from 'vitest';
import { reemit } from './reemit.ts';
import type { Reservation, ReservationState } from './reservation.ts';

const at = new Date('2026-01-01T10:00:00Z');
const expiresAt = new Date('2026-01-01T10:30:00Z');
const items = [{ productId: 'a', quantity: 2 }];
const reservation = (state: ReservationState): Reservation => ({
  orderId: 'order-1',
  state,
  items,
  expiresAt: state === 'reserved' ? expiresAt : null,
  createdAt: at,
  updatedAt: at,
});
const orderId = 'order-1';

describe('the repair of a reservation', () => {
  it.each([
    ['reserved', { type: 'inventory.reserved', data: { orderId, items, expiresAt } }],
    ['pinned', { type: 'inventory.reserved', data: { orderId, items, expiresAt: null } }],
    ['committed', { type: 'inventory.committed', data: { orderId, items } }],
    ['expired', { type: 'inventory.released', data: { orderId, items, reason: 'ttl_expired' } }],
  ] as const)('emits the event of the state %s', (state, event) => {
    const view = { reservation: reservation(state), releaseReason: null };
    expect(reemit(view)).toEqual({ kind: 'accepted', state: view, events: [event] });
  });

  it('emits a release with the cause from the stock ledger', () => {
    const view = { reservation: reservation('released'), releaseReason: 'payment_failed' as const };
    expect(reemit(view)).toMatchObject({
      events: [{ type: 'inventory.released', data: { reason: 'payment_failed' } }],
    });
  });

  it('emits nothing for a tombstone, which never emitted an event', () => {
    expect(reemit({ reservation: reservation('released'), releaseReason: null })).toMatchObject({
      kind: 'ignored',
    });
  });

  it('rejects a failed reservation, whose shortages are not stored', () => {
    expect(reemit({ reservation: reservation('failed'), releaseReason: null })).toMatchObject({
      kind: 'rejected',
      code: 'not_reconstructible',
    });
  });
});
