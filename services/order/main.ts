// Composition root of the order service, and the only place in it that reads the environment.
import { z } from 'zod';
import { readConfig, refuseToStart, setting, wholeNumberSetting } from '../platform/config.ts';
import { serviceSettings, startService } from '../platform/service.ts';
import { startEnforcingDeadline } from './enforce-deadline.ts';
import { orderProblems } from './api.ts';
import { registerOrderRoutes } from './http.ts';
import { consumerGroup, subscriptions } from './subscriptions.ts';

const config = readConfig(
  {
    ...serviceSettings(3001),
    deadlineSeconds: setting(
      'ORDER_DEADLINE_SECONDS',
      'a whole number of seconds, at most 9999999',
      z
        .string()
        .regex(/^\d{1,7}$/)
        .transform(Number)
        .optional(),
    ),
    // The inventory's setting; the deadline must be later, or it would end orders that still hold their stock.
    reservationTtlSeconds: wholeNumberSetting('RESERVATION_TTL_SECONDS', {
      minimum: 1,
      maximum: 7 * 24 * 3600,
      byDefault: 30 * 60,
    }),
    sweepSeconds: wholeNumberSetting('DEADLINE_SWEEP_SECONDS', { minimum: 1, maximum: 3_600, byDefault: 60 }),
  },
  process.env,
);

/** For whatever is under way when a reservation ends. */
const graceSeconds = 15 * 60;
const { reservationTtlSeconds, deadlineSeconds = reservationTtlSeconds + graceSeconds } = config;
if (deadlineSeconds <= reservationTtlSeconds) {
  refuseToStart([
    `ORDER_DEADLINE_SECONDS is ${deadlineSeconds}; expected more than RESERVATION_TTL_SECONDS, ${reservationTtlSeconds}.`,
  ]);
}

await startService({
  name: 'order',
  description: 'Orders: placed by customers, shipped by sellers; the order’s side of the saga.',
  config,
  topic: 'order-events',
  consumerGroup,
  problems: orderProblems,
  assemble: ({ shell, logger }) => ({
    subscriptions: subscriptions(shell),
    routes: (app) => {
      registerOrderRoutes(app, shell);
    },
    startJobs: () => [
      startEnforcingDeadline(shell, logger, {
        deadlineMs: deadlineSeconds * 1_000,
        intervalMs: config.sweepSeconds * 1_000,
      }),
    ],
  }),
});
