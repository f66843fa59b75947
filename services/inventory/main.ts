// Composition root of the inventory service, and its only file that reads the environment.
import { permissions } from './http/permissions.ts';
import { readConfig } from '../platform/process/settings/config.ts';
import { startService } from '../platform/service.ts';
import { seedDemoProducts } from './demo-products.ts';
import { startExpiringReservations } from './jobs/expire-reservations.ts';
import { inventoryProblems } from './http/api.ts';
import { registerInventoryRoutes } from './http/routes.ts';
import { addReservationGauges, createReservationMetrics } from './reservation-metrics.ts';
import { contradictions, shape } from './settings.ts';
import { countHeld } from './inventory-queries.ts';
import { consumerGroup, subscriptions } from './subscriptions.ts';

const config = readConfig(shape, process.env, contradictions);

await startService({
  name: 'inventory',
  description: 'Products, their stock, and the reservations that hold stock for orders.',
  config,
  topic: 'inventory-events',
  consumerGroup,
  permissions,
  problems: inventoryProblems,
  countMeasurements: createReservationMetrics,
  assemble: ({ shell, logger, metrics }) => {
    addReservationGauges(metrics, () => countHeld(shell.db));
    return {
      subscriptions: (shell) => subscriptions(shell, config.reservationTtlSeconds * 1000),
      routes: (app) => {
        registerInventoryRoutes(app, shell);
      },
      startJobs: async () => {
        if (config.seedDemoProducts) await seedDemoProducts(shell, logger);
        return [startExpiringReservations(shell, logger, config.sweepSeconds * 1000)];
      },
    };
  },
});
