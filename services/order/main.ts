// Composition root of the order service, and the only place in it that reads the environment.
import { readConfig } from '../platform/config.ts';
import { startService } from '../platform/service.ts';
import { startEnforcingDeadline } from './enforce-deadline.ts';
import { orderProblems, registerOrderRoutes } from './http.ts';
import { contradictions, deadlineSecondsOf, shape } from './settings.ts';
import { consumerGroup, subscriptions } from './subscriptions.ts';

const config = readConfig(shape, process.env, contradictions);

await startService({
  name: 'order',
  description: 'Orders: placed by customers, shipped by sellers; the order’s side of the saga.',
  config,
  topic: 'order-events',
  consumerGroup,
  problems: orderProblems,
  assemble: ({ shell, logger, authenticator }) => ({
    subscriptions: subscriptions(shell),
    routes: (app) => {
      registerOrderRoutes(app, shell, authenticator);
    },
    startJobs: () => [
      startEnforcingDeadline(shell, logger, {
        deadlineMs: deadlineSecondsOf(config) * 1_000,
        intervalMs: config.sweepSeconds * 1_000,
      }),
    ],
  }),
});
