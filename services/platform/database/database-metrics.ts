import { Gauge } from 'prom-client';
import { addCounter, type Metrics } from '../telemetry/metrics.ts';
import type { Connection, DatabaseUsage } from './database.ts';

/** Counts the transactions and round trips of a process, summed over its pools. */
export function addDatabaseMetrics(metrics: Metrics, connections: readonly Connection[]): void {
  const sum = (key: keyof DatabaseUsage): number =>
    connections.reduce((total, connection) => total + connection.usage()[key], 0);
  addCounter(metrics, 'orderflow_database_transactions_total', 'Transactions that were begun.', () =>
    sum('transactions'),
  );
  addCounter(
    metrics,
    'orderflow_database_round_trips_total',
    'Waits for the database; statements that are sent together count once.',
    () => sum('roundTrips'),
  );
}

/** States how long the service keeps published events, so that the alert OutboxNotCleaned follows the setting. */
export function addRetentionMetric(
  { registry }: Metrics,
  service: string,
  outboxRetentionDays: number,
): void {
  new Gauge({
    name: 'orderflow_outbox_retention_seconds',
    help: 'How long a published event stays in the outbox.',
    labelNames: ['service'],
    registers: [registry],
  }).set({ service }, outboxRetentionDays * 86_400);
}
