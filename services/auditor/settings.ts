// The settings of the auditor. main.ts reads them and services/SETTINGS.md lists them. Importing this file starts nothing.
import { z } from 'zod';
import { setting, settings, wholeNumberSetting, type Config } from '../platform/process/settings/config.ts';
import { databaseTlsProblems, databaseTlsSettings } from '../platform/process/security/database-security.ts';
import { kafkaSecurityProblems, kafkaSecuritySettings } from '../platform/process/security/kafka-security.ts';
import {
  registrySecurityProblems,
  registrySecuritySettings,
} from '../platform/process/security/registry-security.ts';
import {
  processProblems,
  processSettings,
  productionProblems,
} from '../platform/process/settings/process-settings.ts';

const databaseUrl = (env: string, service: string) => ({
  ...settings.databaseUrl,
  env,
  description: `The URL of the database of the ${service} service. Its role may read, send canaries, append to the audit log, and store the response for an Idempotency-Key.`,
});
const seconds = (env: string, byDefault: number, description: string, maximum = 3_600) =>
  wholeNumberSetting(env, { minimum: 1, maximum, byDefault, description });

export const shape = {
  ...processSettings(3005),
  orderDatabaseUrl: databaseUrl('ORDER_DATABASE_URL', 'order'),
  inventoryDatabaseUrl: databaseUrl('INVENTORY_DATABASE_URL', 'inventory'),
  paymentDatabaseUrl: databaseUrl('PAYMENT_DATABASE_URL', 'payment'),
  ...databaseTlsSettings,
  kafkaBrokers: settings.kafkaBrokers,
  ...kafkaSecuritySettings,
  schemaRegistryUrl: settings.schemaRegistryUrl,
  ...registrySecuritySettings,
  oidcIssuer: settings.oidcIssuer,
  oidcDiscoveryUrl: settings.oidcDiscoveryUrl,
  oidcAudience: settings.oidcAudience,
  gatewayUrl: settings.gatewayUrl,
  intervalSeconds: seconds('AUDIT_INTERVAL_SECONDS', 10, 'Seconds between two audits.'),
  graceSeconds: seconds(
    'AUDIT_GRACE_SECONDS',
    30,
    'Seconds for which rows and records must be unchanged before a difference between them counts as an error.',
  ),
  deadlineSeconds: seconds(
    'AUDIT_DEADLINE_SECONDS',
    60,
    'Seconds that an order may wait for the next step of the saga before it counts as stuck.',
    24 * 3_600,
  ),
  windowMinutes: wholeNumberSetting('AUDIT_WINDOW_MINUTES', {
    minimum: 1,
    maximum: 7 * 24 * 60,
    byDefault: 60,
    description: 'Maximum age in minutes of the outbox rows that an audit compares with topics and inboxes.',
  }),
  connectUrl: setting(
    'CONNECT_URL',
    'the http or https address of Kafka Connect',
    z
      .string()
      .refine((value) => ['http:', 'https:'].includes(URL.parse(value)?.protocol ?? ''))
      .transform((value) => value.replace(/\/$/, '')),
    {
      description:
        'The REST API of Kafka Connect, which reports the state of the connectors and restarts them.',
    },
  ),
  pipelineSeconds: seconds(
    'PIPELINE_INTERVAL_SECONDS',
    5,
    'Seconds between two checks of slots and connectors. Each check sends a canary through each outbox, unless CANARY_SECONDS is 0.',
    60,
  ),
  canarySeconds: wholeNumberSetting('CANARY_SECONDS', {
    minimum: 0,
    maximum: 3_600,
    byDefault: 15,
    description:
      'Seconds that a canary may take from the outbox to its topic before the pipeline counts as stalled; with 0, no canaries are sent.',
  }),
  watchdogRestarts: wholeNumberSetting('WATCHDOG_RESTARTS', {
    minimum: 0,
    maximum: 1_000,
    byDefault: 10,
    description:
      'Maximum number of consecutive restarts of a connector that has failed or lost its task, with growing pauses; 0 switches the watchdog off.',
  }),
};

export const contradictions = (config: Config<typeof shape>): string[] => {
  const urls = {
    ORDER_DATABASE_URL: config.orderDatabaseUrl,
    INVENTORY_DATABASE_URL: config.inventoryDatabaseUrl,
    PAYMENT_DATABASE_URL: config.paymentDatabaseUrl,
  };
  return [
    ...processProblems(config),
    ...databaseTlsProblems(config, urls),
    ...kafkaSecurityProblems(config),
    ...registrySecurityProblems(config),
    ...productionProblems(config, urls),
  ];
};
