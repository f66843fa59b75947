// What a reservation has come to, for the figures.
import type { Milestone } from '../../platform/transaction/decision/milestone.ts';
import type { ReservationView } from './reservation.ts';

/** A reservation that stays what it was is no news. */
export const milestonesOf = (before: ReservationView, after: ReservationView): readonly Milestone[] =>
  after.reservation === null || after.reservation.state === before.reservation?.state
    ? []
    : [{ name: 'reservation', labels: { state: after.reservation.state } }];
