// Composition root of the order service, and the only place in it that reads the environment.
import { readConfig } from '../platform/config.ts';
import { serviceSettings, startService } from '../platform/service.ts';
import { orderProblems, registerOrderRoutes } from './http.ts';
import { consumerGroup, subscriptions } from './subscriptions.ts';

const config = readConfig(serviceSettings(3001), process.env);

await startService({
  name: 'order',
  description: 'Orders: placed by customers, shipped by sellers; the order’s side of the saga.',
  config,
  topic: 'order-events',
  consumerGroup,
  problems: orderProblems,
  assemble: ({ shell, authenticator }) => ({
    subscriptions: subscriptions(shell),
    routes: (app) => {
      registerOrderRoutes(app, shell, authenticator);
    },
  }),
});
