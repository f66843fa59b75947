// The metrics of payments and of the gateway. Each instance counts its own commits and calls, so a query has to sum the
// counters over the instances. Open requests are read from the shared database, so every instance has the same value.
import { Counter } from 'prom-client';
import type { Measurement } from '../platform/transaction/decision/measurement.ts';
import { addPolledGauge, addCounter, addState, type Metrics } from '../platform/telemetry/metrics.ts';
import type { Circuit } from './jobs/gateway.ts';

/** Registers the counter. Returns a function that records one measurement. */
export function createPaymentMetrics({ registry }: Metrics): (measurement: Measurement) => void {
  const payments = new Counter({
    name: 'orderflow_payments_total',
    help: 'Payments that were charged, declined by the gateway, or refunded.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of ['charged', 'declined', 'refunded']) payments.inc({ outcome }, 0);
  return ({ labels }) => {
    payments.inc(labels);
  };
}

export function addGatewayMetrics(
  metrics: Metrics,
  circuit: () => Circuit,
  countOpenRequests: () => Promise<ReadonlyMap<string, number>>,
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
    help: 'Calls to the gateway, by outcome. unknown: no definite answer, so money may have moved. success: includes look-ups that found no charge.',
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
    'Requests and retries that the open circuit rejected.',
    () => circuit().rejected,
  );
  addPolledGauge(
    metrics,
    'orderflow_gateway_requests_waiting',
    'Requests to the gateway without a definite outcome.',
    'kind',
    countOpenRequests,
  );
}
