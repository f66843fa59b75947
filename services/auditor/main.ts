// Composition root of the auditor, and the only place in it that reads the environment. It looks at every part and writes to
// none; it may be stopped, restarted or left out without anybody noticing. One instance is enough, several do no harm.
import { z } from 'zod';
import { readConfig, setting, settings, wholeNumberSetting } from '../platform/config.ts';
import { guardSettings, openDoor } from '../platform/guards.ts';
import { createHealth } from '../platform/health.ts';
import { serveApp } from '../platform/http.ts';
import { createLifecycle } from '../platform/lifecycle.ts';
import { createLogger } from '../platform/logger.ts';
import { every } from '../platform/timer.ts';
import { createAuditor } from './audit.ts';
import { createAuditorApp } from './http.ts';
import { openSources } from './sources.ts';

const databaseUrl = (env: string) => ({ ...settings.databaseUrl, env });
const seconds = (env: string, byDefault: number, maximum = 3_600) =>
  wholeNumberSetting(env, { minimum: 1, maximum, byDefault });

const config = readConfig(
  {
    host: settings.host,
    port: settings.port(3005),
    logLevel: settings.logLevel,
    publicUrl: settings.publicUrl,
    ...guardSettings,
    orderDatabaseUrl: databaseUrl('ORDER_DATABASE_URL'),
    inventoryDatabaseUrl: databaseUrl('INVENTORY_DATABASE_URL'),
    paymentDatabaseUrl: databaseUrl('PAYMENT_DATABASE_URL'),
    kafkaBrokers: settings.kafkaBrokers,
    gatewayUrl: setting('GATEWAY_URL', 'the http or https address of the payment gateway', z.url()),
    intervalSeconds: seconds('AUDIT_INTERVAL_SECONDS', 10),
    graceSeconds: seconds('AUDIT_GRACE_SECONDS', 30),
    deadlineSeconds: seconds('AUDIT_DEADLINE_SECONDS', 60, 24 * 3_600),
    windowMinutes: wholeNumberSetting('AUDIT_WINDOW_MINUTES', {
      minimum: 1,
      maximum: 7 * 24 * 60,
      byDefault: 60,
    }),
  },
  process.env,
);

const logger = createLogger({ service: 'auditor', level: config.logLevel });
const lifecycle = createLifecycle({ logger });

const sources = openSources(
  {
    databases: {
      order: config.orderDatabaseUrl,
      inventory: config.inventoryDatabaseUrl,
      payment: config.paymentDatabaseUrl,
    },
    kafkaBrokers: config.kafkaBrokers,
    gatewayUrl: config.gatewayUrl,
  },
  logger,
);
lifecycle.onStop('sources', sources.close);

const auditor = createAuditor(
  sources,
  {
    graceMs: config.graceSeconds * 1_000,
    deadlineMs: config.deadlineSeconds * 1_000,
    windowMs: config.windowMinutes * 60_000,
    rows: 5_000,
  },
  logger,
);

const { door, load } = openDoor(config);
const health = createHealth({
  checks: {
    load,
    databases: sources.ping,
    kafka: () =>
      sources.topics.isReading()
        ? Promise.resolve()
        : Promise.reject(new Error('the topics are not being read')),
    audit: () => (auditor.latest() ? Promise.resolve() : Promise.reject(new Error('no audit has ended yet'))),
  },
});
const app = createAuditorApp({ logger, health, auditor, publicUrl: config.publicUrl, door });
const { host, port, maxConnections } = config;
const server = await serveApp(app, { host, port, maxConnections, logger });

const auditing = every(
  config.intervalSeconds * 1_000,
  'the audit',
  async () => {
    await auditor.look();
  },
  logger,
);
lifecycle.onStop('audit', auditing.stop);
lifecycle.onStop('http', () => server.close());
lifecycle.onStop('readiness', health.drain);
