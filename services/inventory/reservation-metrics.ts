// The metrics of reservations. Each instance counts its own commits, so a query has to sum the counters over the instances. The
// gauge is read from the shared database, so every instance has the same value.
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

/** Registers the counter. Returns a function that records one measurement. */
export function createReservationMetrics({ registry }: Metrics): (measurement: Measurement) => void {
  const changes = new Counter({
    name: 'orderflow_reservation_changes_total',
    help: 'Changes of reservations, by the new state.',
    labelNames: ['state'],
    registers: [registry],
  });
  for (const state of states) changes.inc({ state }, 0);
  return ({ labels }) => {
    changes.inc(labels);
  };
}

export const addReservationGauges = (
  metrics: Metrics,
  countHeld: () => Promise<ReadonlyMap<string, number>>,
): void => {
  addPolledGauge(
    metrics,
    'orderflow_reservations_held',
    'Reservations that hold stock: reserved until they expire, pinned until the order ships.',
    'state',
    countHeld,
  );
};
