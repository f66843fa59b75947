// Composition root of the payment service, and the only place in it that reads the environment.
import { permissions } from './http/permissions.ts';
import { readConfig } from '../platform/process/settings/config.ts';
import { startService } from '../platform/service.ts';
import type { Timer } from '../platform/process/timer.ts';
import { startAskingGateway } from './jobs/ask-gateway.ts';
import { createGatewayClient } from './jobs/gateway-client.ts';
import { createGateway } from './jobs/gateway.ts';
import { paymentProblems } from './http/api.ts';
import { registerPaymentRoutes } from './http/routes.ts';
import { addGatewayMetrics, createPaymentMetrics } from './payment-metrics.ts';
import { contradictions, shape } from './settings.ts';
import { countWaiting } from './transaction-leases.ts';
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
  description: 'Payments: one charge per order through the gateway, refunded when the order does not hold.',
  config,
  topic: 'payment-events',
  consumerGroup,
  permissions,
  problems: paymentProblems,
  countMeasurements: createPaymentMetrics,
  assemble: ({ shell, logger, metrics }) => {
    const gateway = createGateway(createGatewayClient(config.gatewayUrl), resilience, logger);
    addGatewayMetrics(metrics, gateway.circuit, () => countWaiting(shell.db));
    let asking: Timer | undefined;
    const askGateway = (): void => asking?.wake();
    return {
      subscriptions: (shell) => subscriptions(shell, askGateway),
      routes: (app) => {
        registerPaymentRoutes(app, shell, { askGateway, circuit: gateway.circuit });
      },
      startJobs: () => {
        asking = startAskingGateway({
          shell,
          gateway,
          logger,
          // A request that was taken by an instance that died is taken over this much later; 5 s to start the call.
          leaseMs: resilience.timeoutMs + 5_000,
          callMs: resilience.timeoutMs,
          refusedRetryMs: config.refusedRefundSeconds * 1_000,
          backoff: { initialMs: 500, maxMs: 30_000, attempts: 8 },
          pollMs: 1_000,
          concurrency: 16,
        });
        return [asking];
      },
    };
  },
});
