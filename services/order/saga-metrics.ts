// The metrics of the saga: orders placed and ended, and their durations. The domain decides what is counted
// (domain/measurements.ts). Each instance counts its own inputs, after the commit, so a query has to sum over the instances.
import { Counter, Histogram } from 'prom-client';
import type { CancellationReason, PaymentMode } from '../../schemas/generated/events.ts';
import type { Measurement } from '../platform/transaction/decision/measurement.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';

const modes = ['AUTO', 'MANUAL'] as const satisfies readonly PaymentMode[];
const reasons = [
  'reservation_failed',
  'payment_failed',
  'reservation_expired',
  'customer_cancelled',
] as const satisfies readonly CancellationReason[];
const durations = ['confirmed', 'paid', 'settled'] as const;
type Timed = (typeof durations)[number];

/** 2 s is the threshold of the service level objective, 2,700 s the default deadline of an order. */
const buckets = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 900, 2_700];

const help: Readonly<Record<Timed, string>> = {
  confirmed: 'From placing an order to the confirmation that its stock is held.',
  paid: 'From placing an order to PAID.',
  settled: 'From placing an order to PAID or CANCELLED, whichever came first.',
};

/** Registers the metrics. Returns a function that records one measurement. */
export function createSagaMetrics({ registry }: Metrics): (measurement: Measurement) => void {
  const registers = [registry];
  const placed = new Counter({
    name: 'orderflow_orders_placed_total',
    help: 'Orders placed, by payment mode: AUTO charges by itself, MANUAL waits for the customer.',
    labelNames: ['mode'],
    registers,
  });
  const ended = new Counter({
    name: 'orderflow_orders_ended_total',
    help: 'Orders that ended, by outcome and first cause.',
    labelNames: ['outcome', 'reason'],
    registers,
  });
  const timed = new Map<string, Histogram<'mode'>>(
    durations.map((name) => [
      name,
      new Histogram({
        name: `orderflow_order_${name}_seconds`,
        help: help[name],
        labelNames: ['mode'],
        buckets,
        registers,
      }),
    ]),
  );
  // Series start at 0. PromQL's rate() does not count the first sample of a series, so it would miss the first order.
  for (const mode of modes) {
    placed.inc({ mode }, 0);
    for (const histogram of timed.values()) histogram.zero({ mode });
  }
  ended.inc({ outcome: 'fulfilled', reason: 'none' }, 0);
  for (const reason of reasons) ended.inc({ outcome: 'cancelled', reason }, 0);

  return ({ name, labels, since }) => {
    if (name === 'placed') placed.inc(labels);
    else if (name === 'ended') ended.inc(labels);
    // Never negative: the instance that placed the order may have another clock.
    else if (since) timed.get(name)?.observe(labels, Math.max(0, Date.now() - since.getTime()) / 1_000);
  };
}
