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
