// The settings that every event-driven service has, apart from what starts one, so that a table of them can be made
// without a database, a broker or a server in sight.
import { settings, wholeNumberSetting, type Config } from './config.ts';
import { databaseTlsProblems, databaseTlsSettings } from '../security/database-security.ts';
import { kafkaSecurityProblems, kafkaSecuritySettings } from '../security/kafka-security.ts';
import { processProblems, processSettings, productionProblems } from './process-settings.ts';
import { registrySecurityProblems, registrySecuritySettings } from '../security/registry-security.ts';
import { faultSettings } from '../faults.ts';
import { retentionProblems, retentionSettings } from './retention-settings.ts';
import { telemetrySettings } from './telemetry-settings.ts';

/** The settings every such service has; a service adds its own. */
export const serviceSettings = (port: number) => ({
  ...processSettings(port),
  databaseUrl: settings.databaseUrl,
  databaseConnections: wholeNumberSetting('DATABASE_CONNECTIONS', {
    minimum: 1,
    maximum: 1_000,
    byDefault: 12,
    about:
      'Connections to PostgreSQL at most, for requests and timers. An instance has 4 more for events. All instances together have to stay below `max_connections` of the server (60 in the stacks of this project, of which about 10 are for the connector, the auditor and commands): three instances fit with the default.',
  }),
  databaseWaitMs: wholeNumberSetting('DATABASE_WAIT_MS', {
    minimum: 100,
    maximum: 60_000,
    byDefault: 12_000,
    about:
      'Milliseconds that anything waits for one of them; a request is then answered 503. From half of it on new requests are refused.',
  }),
  ...databaseTlsSettings,
  kafkaBrokers: settings.kafkaBrokers,
  ...kafkaSecuritySettings,
  sessionTimeoutMs: wholeNumberSetting('CONSUMER_SESSION_TIMEOUT_MS', {
    minimum: 6_000,
    maximum: 300_000,
    byDefault: 10_000,
    about:
      'Milliseconds after which an instance that sends no heartbeat loses its partitions to the others. Kafka allows 6,000 at least.',
  }),
  schemaRegistryUrl: settings.schemaRegistryUrl,
  ...registrySecuritySettings,
  oidcIssuer: settings.oidcIssuer,
  oidcDiscoveryUrl: settings.oidcDiscoveryUrl,
  oidcAudience: settings.oidcAudience,
  ...faultSettings,
  /** The consumer halts when this many of twice as many records would become dead letters. */
  deadLetterLimit: wholeNumberSetting('DEAD_LETTER_LIMIT', {
    minimum: 1,
    maximum: 1_000,
    byDefault: 10,
    about:
      'The consumer halts instead of parking when this many of the last twice as many events would be parked.',
  }),
  ...retentionSettings,
  ...telemetrySettings,
});
export type ServiceConfig = Config<ReturnType<typeof serviceSettings>>;

/** What is wrong with settings that are each right: one sentence per contradiction. */
export const serviceContradictions = (config: ServiceConfig): string[] => {
  const urls = { DATABASE_URL: config.databaseUrl };
  return [
    ...processProblems(config),
    ...databaseTlsProblems(config, urls),
    ...kafkaSecurityProblems(config),
    ...registrySecurityProblems(config),
    ...productionProblems(config, urls),
    ...retentionProblems(config),
  ];
};
