// Composition root of the payment service, and the only place in it that reads the environment.
import { z } from 'zod';
import { readConfig, setting, wholeNumberSetting } from '../platform/config.ts';
import { serviceSettings, startService } from '../platform/service.ts';
import type { Timer } from '../platform/timer.ts';
import { startAskingGateway } from './ask-gateway.ts';
import { createGatewayClient } from './gateway-client.ts';
import { createGateway, longestRequestMs } from './gateway.ts';
import { paymentProblems } from './api.ts';
import { registerPaymentRoutes } from './http.ts';
import { consumerGroup, subscriptions } from './subscriptions.ts';

const config = readConfig(
  {
    ...serviceSettings(3003),
    gatewayUrl: setting('GATEWAY_URL', 'the http or https address of the payment gateway', z.url()),
    gatewayTimeoutMs: wholeNumberSetting('GATEWAY_TIMEOUT_MS', {
      minimum: 100,
      maximum: 60_000,
      byDefault: 8_000,
    }),
    gatewayRetries: wholeNumberSetting('GATEWAY_RETRIES', { minimum: 0, maximum: 5, byDefault: 2 }),
    gatewayRetryMaxMs: wholeNumberSetting('GATEWAY_RETRY_MAX_MS', {
      minimum: 1,
      maximum: 10_000,
      byDefault: 1_000,
    }),
    breakerFailures: wholeNumberSetting('GATEWAY_BREAKER_FAILURES', {
      minimum: 1,
      maximum: 1_000,
      byDefault: 5,
    }),
    breakerSeconds: wholeNumberSetting('GATEWAY_BREAKER_SECONDS', {
      minimum: 1,
      maximum: 3_600,
      byDefault: 30,
    }),
    refusedRefundSeconds: wholeNumberSetting('REFUSED_REFUND_RETRY_SECONDS', {
      minimum: 1,
      maximum: 7 * 24 * 3_600,
      byDefault: 3_600,
    }),
  },
  process.env,
);

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
  problems: paymentProblems,
  assemble: ({ shell, logger }) => {
    const gateway = createGateway(createGatewayClient(config.gatewayUrl), resilience, logger);
    let asking: Timer | undefined;
    const askGateway = (): void => asking?.wake();
    return {
      subscriptions: subscriptions(shell, askGateway),
      routes: (app) => {
        registerPaymentRoutes(app, shell, { askGateway, circuit: gateway.circuit });
      },
      startJobs: () => {
        asking = startAskingGateway({
          shell,
          gateway,
          logger,
          leaseMs: longestRequestMs(resilience) + resilience.timeoutMs + 5_000,
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
