// The figures of the payments and of the way to the gateway. Counts are of this instance, so several are summed; what waits is
// read from the database that the instances share, so any one of them will do.
import { Counter } from 'prom-client';
import type { Measurement } from '../platform/transaction/decision/measurement.ts';
import { addPolledGauge, addCounter, addState, type Metrics } from '../platform/telemetry/metrics.ts';
import type { Circuit } from './jobs/gateway.ts';

/** Counts what payments come to. */
export function createPaymentMetrics({ registry }: Metrics): (measurement: Measurement) => void {
  const payments = new Counter({
    name: 'orderflow_payments_total',
    help: 'Payments that were charged, that the gateway declined, and that were refunded.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of ['charged', 'declined', 'refunded']) payments.inc({ outcome }, 0);
  return ({ labels }) => {
    payments.inc(labels);
  };
}

/** Shows the circuit breaker and what waits behind it. */
export function addGatewayMetrics(
  metrics: Metrics,
  circuit: () => Circuit,
  countWaiting: () => Promise<ReadonlyMap<string, number>>,
): void {
  addState(
    metrics,
    'orderflow_gateway_circuit_state',
    'The circuit breaker between this instance and the gateway.',
    ['closed', 'open', 'half_open'],
    () => circuit().state,
  );
  new Counter({
    name: 'orderflow_gateway_calls_total',
    help: 'Calls of the gateway; unknown: no answer, so it is not known whether money moved.',
    labelNames: ['outcome'],
    registers: [metrics.registry],
    collect() {
      const { successes, declines, unknown } = circuit();
      this.reset();
      this.inc({ outcome: 'success' }, successes);
      this.inc({ outcome: 'declined' }, declines);
      this.inc({ outcome: 'unknown' }, unknown);
    },
  });
  addCounter(
    metrics,
    'orderflow_gateway_turned_away_total',
    'Requests and retries that the open circuit turned away.',
    () => circuit().rejected,
  );
  addPolledGauge(
    metrics,
    'orderflow_gateway_requests_waiting',
    'Requests to the gateway whose outcome is not known yet.',
    'kind',
    countWaiting,
  );
}
