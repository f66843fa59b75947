// Composition root of the payment service, and the only place in it that reads the environment.
import { z } from 'zod';
import { readConfig, setting, wholeNumberSetting } from '../platform/config.ts';
import { serviceSettings, startService } from '../platform/service.ts';
import type { Timer } from '../platform/timer.ts';
import { startAskingGateway } from './ask-gateway.ts';
import { createGatewayClient } from './gateway-client.ts';
import { paymentProblems, registerPaymentRoutes } from './http.ts';
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
  },
  process.env,
);

await startService({
  name: 'payment',
  description: 'Payments: one charge per order through the gateway, refunded when the order does not hold.',
  config,
  topic: 'payment-events',
  consumerGroup,
  problems: paymentProblems,
  assemble: ({ shell, logger, authenticator }) => {
    let asking: Timer | undefined;
    const askGateway = (): void => asking?.wake();
    return {
      subscriptions: subscriptions(shell, askGateway),
      routes: (app) => {
        registerPaymentRoutes(app, shell, authenticator, askGateway);
      },
      startJobs: () => {
        asking = startAskingGateway({
          shell,
          gateway: createGatewayClient(config.gatewayUrl, config.gatewayTimeoutMs),
          logger,
          leaseMs: config.gatewayTimeoutMs + 5_000,
          backoff: { initialMs: 500, maxMs: 30_000, attempts: 8 },
          pollMs: 1_000,
          concurrency: 16,
        });
        return [asking];
      },
    };
  },
});
