// The settings of every event-driven service. They are separate from the code that starts a service, so that their
// documentation can be generated without loading the database and Kafka clients.
import { settings, wholeNumberSetting, type Config } from './config.ts';
import { databaseTlsProblems, databaseTlsSettings } from '../security/database-security.ts';
import { kafkaSecurityProblems, kafkaSecuritySettings } from '../security/kafka-security.ts';
import { processProblems, processSettings, productionProblems } from './process-settings.ts';
import { registrySecurityProblems, registrySecuritySettings } from '../security/registry-security.ts';
import { faultSettings } from '../faults.ts';
import { retentionProblems, retentionSettings } from './retention-settings.ts';
import { telemetrySettings } from './telemetry-settings.ts';

/** The settings that all event-driven services share; each service adds its own. `port`: the default port. */
export const serviceSettings = (port: number) => ({
  ...processSettings(port),
  databaseUrl: settings.databaseUrl,
  databaseConnections: wholeNumberSetting('DATABASE_CONNECTIONS', {
    minimum: 1,
    maximum: 1_000,
    byDefault: 12,
    description:
      'Maximum number of connections to PostgreSQL for requests and timers; an instance has 8 more for events. The connections of all instances, plus about 10 for the connector, the auditor and commands, must not exceed `max_connections` of the server. It is 60 in the stacks of this project, so two instances fit.',
  }),
  databaseWaitMs: wholeNumberSetting('DATABASE_WAIT_MS', {
    minimum: 100,
    maximum: 60_000,
    byDefault: 12_000,
    description:
      'Milliseconds that a request waits for one of DATABASE_CONNECTIONS before it is answered 503. New requests are refused while a request has waited for half of this time or longer.',
  }),
  ...databaseTlsSettings,
  kafkaBrokers: settings.kafkaBrokers,
  ...kafkaSecuritySettings,
  sessionTimeoutMs: wholeNumberSetting('CONSUMER_SESSION_TIMEOUT_MS', {
    minimum: 6_000,
    maximum: 300_000,
    byDefault: 10_000,
    description:
      'Milliseconds after which an instance that sends no heartbeat loses its partitions to other instances. The default minimum of a Kafka broker is 6,000.',
  }),
  schemaRegistryUrl: settings.schemaRegistryUrl,
  ...registrySecuritySettings,
  oidcIssuer: settings.oidcIssuer,
  oidcDiscoveryUrl: settings.oidcDiscoveryUrl,
  oidcAudience: settings.oidcAudience,
  ...faultSettings,
  deadLetterLimit: wholeNumberSetting('DEAD_LETTER_LIMIT', {
    minimum: 1,
    maximum: 1_000,
    byDefault: 10,
    description:
      'The consumer halts before it stores this many dead letters among the last 2 × DEAD_LETTER_LIMIT events.',
  }),
  ...retentionSettings,
  ...telemetrySettings,
});
export type ServiceConfig = Config<ReturnType<typeof serviceSettings>>;

/** One sentence per contradiction between settings that are valid by themselves. */
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
