// The figures of the reservations. The counts are of what this instance has committed, so several instances are summed; what
// is held is read from the database that they share, so of several instances any one will do.
import { Counter } from 'prom-client';
import type { Measurement } from '../platform/transaction/decision/measurement.ts';
import { addPolledGauge, type Metrics } from '../platform/telemetry/metrics.ts';
import type { ReservationState } from './domain/reservation.ts';

const states = [
  'reserved',
  'pinned',
  'failed',
  'released',
  'expired',
  'committed',
] as const satisfies readonly ReservationState[];

/** Counts what reservations come to. */
export function createReservationMetrics({ registry }: Metrics): (measurement: Measurement) => void {
  const reached = new Counter({
    name: 'orderflow_reservation_changes_total',
    help: 'Reservations that came to a state.',
    labelNames: ['state'],
    registers: [registry],
  });
  for (const state of states) reached.inc({ state }, 0);
  return ({ labels }) => {
    reached.inc(labels);
  };
}

/** Shows what is held now. */
export const addReservationGauges = (
  metrics: Metrics,
  countHeld: () => Promise<ReadonlyMap<string, number>>,
): void => {
  addPolledGauge(
    metrics,
    'orderflow_reservations_held',
    'Reservations that hold stock: reserved until they lapse, pinned until they are shipped.',
    'state',
    countHeld,
  );
};
