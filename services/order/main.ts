// Composition root of the order service, and the only place in it that reads the environment.
import { readConfig, wholeNumberSetting } from '../platform/config.ts';
import { serviceSettings, startService } from '../platform/service.ts';
import { startEnforcingDeadline } from './enforce-deadline.ts';
import { orderProblems, registerOrderRoutes } from './http.ts';
import { consumerGroup, subscriptions } from './subscriptions.ts';

const config = readConfig(
  {
    ...serviceSettings(3001),
    // By default the time a reservation lives, 30 minutes, and 15 more for whatever is under way when it ends.
    deadlineSeconds: wholeNumberSetting('ORDER_DEADLINE_SECONDS', {
      minimum: 1,
      maximum: 30 * 24 * 3_600,
      byDefault: 45 * 60,
    }),
    sweepSeconds: wholeNumberSetting('DEADLINE_SWEEP_SECONDS', { minimum: 1, maximum: 3_600, byDefault: 60 }),
  },
  process.env,
);

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
        deadlineMs: config.deadlineSeconds * 1_000,
        intervalMs: config.sweepSeconds * 1_000,
      }),
    ],
  }),
});
