// Composition root of the inventory service, and the only place in it that reads the environment.
import { z } from 'zod';
import { readConfig, setting, wholeNumberSetting } from '../platform/config.ts';
import { serviceSettings, startService } from '../platform/service.ts';
import { seedDemoProducts } from './demo-products.ts';
import { startSweeping } from './expire-reservations.ts';
import { inventoryProblems } from './api.ts';
import { registerInventoryRoutes } from './http.ts';
import { consumerGroup, subscriptions } from './subscriptions.ts';

const config = readConfig(
  {
    ...serviceSettings(3002),
    reservationTtlSeconds: wholeNumberSetting('RESERVATION_TTL_SECONDS', {
      minimum: 1,
      maximum: 7 * 24 * 3600,
      byDefault: 30 * 60,
    }),
    sweepSeconds: wholeNumberSetting('EXPIRY_SWEEP_SECONDS', { minimum: 1, maximum: 3600, byDefault: 60 }),
    seedDemoProducts: setting(
      'SEED_DEMO_PRODUCTS',
      'true or false',
      z
        .enum(['true', 'false'])
        .default('false')
        .transform((text) => text === 'true'),
    ),
  },
  process.env,
);

await startService({
  name: 'inventory',
  description: 'Products and their stock; reservations, which hold stock for orders.',
  config,
  topic: 'inventory-events',
  consumerGroup,
  problems: inventoryProblems,
  assemble: ({ shell, logger }) => ({
    subscriptions: subscriptions(shell, config.reservationTtlSeconds * 1000),
    routes: (app) => {
      registerInventoryRoutes(app, shell);
    },
    startJobs: async () => {
      if (config.seedDemoProducts) await seedDemoProducts(shell);
      return [startSweeping(shell, logger, config.sweepSeconds * 1000)];
    },
  }),
});
