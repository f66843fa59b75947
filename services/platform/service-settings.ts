// The settings that every event-driven service has, apart from what starts one, so that a table of them can be made
// without a database, a broker or a server in sight.
import { settings, wholeNumberSetting, type Config } from './config.ts';
import { faultSettings } from './faults.ts';
import { retentionProblems, retentionSettings } from './retention.ts';

/** The settings every such service has; a service adds its own. */
export const serviceSettings = (port: number) => ({
  host: settings.host,
  port: settings.port(port),
  logLevel: settings.logLevel,
  publicUrl: settings.publicUrl,
  databaseUrl: settings.databaseUrl,
  kafkaBrokers: settings.kafkaBrokers,
  schemaRegistryUrl: settings.schemaRegistryUrl,
  oidcIssuer: settings.oidcIssuer,
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
});
export type ServiceConfig = Config<ReturnType<typeof serviceSettings>>;

/** What is wrong with settings that are each right: one sentence per contradiction. */
export const serviceContradictions = (config: ServiceConfig): string[] => [...retentionProblems(config)];
