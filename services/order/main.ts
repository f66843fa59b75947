// Composition root of the order service, and its only file that reads the environment.
import { permissions } from './http/permissions.ts';
import { readConfig } from '../platform/process/settings/config.ts';
import { addGauge } from '../platform/telemetry/metrics.ts';
import { createOpenRequests } from '../platform/http/limits/open-requests.ts';
import { startService } from '../platform/service.ts';
import type { Shell } from '../platform/transaction/handle.ts';
import { orderProblems } from './http/api.ts';
import { startEnforcingDeadline } from './jobs/enforce-deadline.ts';
import { registerOrderEvents } from './http/events-routes.ts';
import { registerOrderRoutes } from './http/routes.ts';
import { createOrderWait } from './http/order-wait.ts';
import { createOrderWatch } from './http/order-watch.ts';
import { createSagaMetrics } from './saga-metrics.ts';
import { contradictions, deadlineSecondsOf, shape } from './settings.ts';
import { consumerGroup, subscriptions } from './subscriptions.ts';
import { readNewHeads } from './http/trail.ts';

const config = readConfig(shape, process.env, contradictions);

await startService({
  name: 'order',
  description: 'Orders, which customers place and sellers ship.',
  config,
  topic: 'order-events',
  consumerGroup,
  permissions,
  problems: orderProblems,
  countMeasurements: createSagaMetrics,
  assemble: ({ shell, logger, metrics, stopping }) => {
    const { streamsPerSubject: perSubject } = config;
    const streams = createOpenRequests({ limit: config.streamLimit, perSubject, stopping });
    const waits = createOpenRequests({ limit: config.waitLimit, perSubject, stopping });
    const watch = createOrderWatch({
      readHeads: (watched) => readNewHeads(shell.db, watched),
      intervalMs: config.watchMs,
      logger,
    });
    addGauge(metrics, 'order_streams_open', 'Event streams that are open.', streams.count);
    addGauge(
      metrics,
      'order_waits_open',
      'Requests that wait for an order to reach a stable state.',
      waits.count,
    );
    const shellThatWakesWatch = (base: Shell): Shell => ({
      ...base,
      committed: (committed) => {
        base.committed?.(committed);
        watch.wake();
      },
    });
    const waitUntilStable = createOrderWait({ watch, waits, maximumSeconds: config.waitSeconds });
    return {
      subscriptions: (base) => subscriptions(shellThatWakesWatch(base)),
      routes: (app) => {
        registerOrderRoutes(app, shellThatWakesWatch(shell), waitUntilStable);
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
          deadlineMs: deadlineSecondsOf(config) * 1_000,
          intervalMs: config.sweepSeconds * 1_000,
        }),
      ],
    };
  },
});
