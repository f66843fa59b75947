// What is said again for each state of a reservation.
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

describe('what a reservation says again', () => {
  it.each([
    ['reserved', { type: 'inventory.reserved', data: { orderId, items, expiresAt } }],
    ['pinned', { type: 'inventory.reserved', data: { orderId, items, expiresAt: null } }],
    ['committed', { type: 'inventory.committed', data: { orderId, items } }],
    ['expired', { type: 'inventory.released', data: { orderId, items, reason: 'ttl_expired' } }],
  ] as const)('%s', (state, event) => {
    const held = { reservation: reservation(state), releasedBy: null };
    expect(reemit(held)).toEqual({ kind: 'accepted', state: held, events: [event] });
  });

  it('released: with the cause that the ledger kept', () => {
    const held = { reservation: reservation('released'), releasedBy: 'payment_failed' as const };
    expect(reemit(held)).toMatchObject({
      events: [{ type: 'inventory.released', data: { reason: 'payment_failed' } }],
    });
  });

  it('a tombstone that never held anything said nothing then and says nothing now', () => {
    expect(reemit({ reservation: reservation('released'), releasedBy: null })).toMatchObject({
      kind: 'ignored',
    });
  });

  it('a refused reservation cannot: its shortages are not stored', () => {
    expect(reemit({ reservation: reservation('failed'), releasedBy: null })).toMatchObject({
      kind: 'rejected',
      code: 'not_reconstructible',
    });
  });
});
