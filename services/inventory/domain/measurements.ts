// Derives the measurement of a reservation from its change of state.
import type { Measurement } from '../../platform/transaction/decision/measurement.ts';
import type { ReservationChange, ReservationView } from './reservation.ts';

export const measurementsOf = (
  before: ReservationView,
  { reservation: { state } }: ReservationChange,
): readonly Measurement[] =>
  state === before.reservation?.state ? [] : [{ name: 'reservation', labels: { state } }];
