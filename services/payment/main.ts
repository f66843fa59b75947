// Composition root of the payment service, and its only file that reads the environment.
import { permissions } from './http/permissions.ts';
import { readConfig } from '../platform/process/settings/config.ts';
import { startService } from '../platform/service.ts';
import type { Timer } from '../platform/process/timer.ts';
import { startGatewayCalls } from './jobs/call-gateway.ts';
import { createGatewayClient } from './jobs/gateway-client.ts';
import { createGateway } from './jobs/gateway.ts';
import { paymentProblems } from './http/api.ts';
import { registerPaymentRoutes } from './http/routes.ts';
import { addGatewayMetrics, createPaymentMetrics } from './payment-metrics.ts';
import { contradictions, shape } from './settings.ts';
import { countOpenRequests } from './transaction-leases.ts';
import { consumerGroup, subscriptions } from './subscriptions.ts';

const config = readConfig(shape, process.env, contradictions);

const resilience = {
  timeoutMs: config.gatewayTimeoutMs,
  retries: config.gatewayRetries,
  retryMaxMs: config.gatewayRetryMaxMs,
  failures: config.breakerFailures,
  halfOpenAfterMs: config.breakerSeconds * 1_000,
};

await startService({
  name: 'payment',
  description:
    'Payments: one charge per order through the gateway, and its refund if the order is cancelled.',
  config,
  topic: 'payment-events',
  consumerGroup,
  permissions,
  problems: paymentProblems,
  countMeasurements: createPaymentMetrics,
  assemble: ({ shell, logger, metrics }) => {
    const gateway = createGateway(createGatewayClient(config.gatewayUrl), resilience, logger);
    addGatewayMetrics(metrics, gateway.circuit, () => countOpenRequests(shell.db));
    let gatewayCalls: Timer | undefined;
    const wakeGatewayCalls = (): void => gatewayCalls?.wake();
    return {
      subscriptions: (shell) => subscriptions(shell, wakeGatewayCalls),
      routes: (app) => {
        registerPaymentRoutes(app, shell, { wakeGatewayCalls, circuit: gateway.circuit });
      },
      startJobs: () => {
        gatewayCalls = startGatewayCalls({
          shell,
          gateway,
          logger,
          // After this time, another instance takes over the requests of a crashed instance. A call must start within 5 s.
          leaseMs: resilience.timeoutMs + 5_000,
          callMs: resilience.timeoutMs,
          refusedRetryMs: config.refusedRefundSeconds * 1_000,
          backoff: { initialMs: 500, maxMs: 30_000 },
          pollMs: 1_000,
          concurrency: 16,
        });
        return [gatewayCalls];
      },
    };
  },
});
