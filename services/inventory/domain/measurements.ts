// Derives the measurement of a reservation from its change of state.
import type { Measurement } from '../../platform/transaction/decision/measurement.ts';
import type { ReservationView } from './reservation.ts';

export const measurementsOf = (before: ReservationView, after: ReservationView): readonly Measurement[] =>
  after.reservation === null || after.reservation.state === before.reservation?.state
    ? []
    : [{ name: 'reservation', labels: { state: after.reservation.state } }];
