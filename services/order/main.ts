// Composition root of the order service, and the only place in it that reads the environment.
import { z } from 'zod';
import { readConfig, refuseToStart, setting, wholeNumberSetting } from '../platform/config.ts';
import { createOpenRequests } from '../platform/open-requests.ts';
import { serviceSettings, startService } from '../platform/service.ts';
import { startEnforcingDeadline } from './enforce-deadline.ts';
import { orderProblems } from './api.ts';
import { registerOrderEvents } from './events-http.ts';
import { registerOrderRoutes } from './http.ts';
import { createOrderWait } from './order-wait.ts';
import { createOrderWatch } from './order-watch.ts';
import { consumerGroup, subscriptions } from './subscriptions.ts';
import { readHeadsBeyond } from './trail.ts';

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
    /** How often the orders that somebody watches are looked at. */
    watchMs: wholeNumberSetting('ORDER_WATCH_MS', { minimum: 20, maximum: 10_000, byDefault: 200 }),
    streamLimit: wholeNumberSetting('ORDER_STREAM_LIMIT', { minimum: 0, maximum: 10_000, byDefault: 1_000 }),
    streamsPerSubject: wholeNumberSetting('ORDER_STREAMS_PER_SUBJECT', {
      minimum: 1,
      maximum: 10_000,
      byDefault: 20,
    }),
    heartbeatSeconds: wholeNumberSetting('ORDER_STREAM_HEARTBEAT_SECONDS', {
      minimum: 1,
      maximum: 300,
      byDefault: 15,
    }),
    streamMinutes: wholeNumberSetting('ORDER_STREAM_MINUTES', { minimum: 1, maximum: 1_440, byDefault: 15 }),
    waitLimit: wholeNumberSetting('ORDER_WAIT_LIMIT', { minimum: 0, maximum: 10_000, byDefault: 200 }),
    waitSeconds: wholeNumberSetting('ORDER_WAIT_SECONDS', { minimum: 0, maximum: 60, byDefault: 10 }),
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
  assemble: ({ shell, logger, stopping }) => {
    const { streamsPerSubject: perSubject } = config;
    const streams = createOpenRequests({ limit: config.streamLimit, perSubject, stopping });
    const waits = createOpenRequests({ limit: config.waitLimit, perSubject, stopping });
    const watch = createOrderWatch({
      readHeads: (watched) => readHeadsBeyond(shell.db, watched),
      intervalMs: config.watchMs,
      logger,
    });
    const awaitRest = createOrderWait({ watch, waits, maximumSeconds: config.waitSeconds });
    return {
      subscriptions: subscriptions(shell),
      routes: (app) => {
        registerOrderRoutes(app, shell, awaitRest);
        registerOrderEvents(app, {
          db: shell.db,
          streams,
          watch,
          heartbeatMs: config.heartbeatSeconds * 1_000,
          lifetimeMs: config.streamMinutes * 60_000,
          stopping,
        });
      },
      checks: {
        streams: () =>
          Promise.resolve(
            `${streams.count()} of ${config.streamLimit} streams, ${waits.count()} of ${config.waitLimit} waits, ` +
              `${watch.count()} watching`,
          ),
      },
      startJobs: () => [
        startEnforcingDeadline(shell, logger, {
          deadlineMs: deadlineSeconds * 1_000,
          intervalMs: config.sweepSeconds * 1_000,
        }),
      ],
    };
  },
});
