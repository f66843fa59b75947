// The settings with which a command reaches a stack on other machines. They are the variables that the services and the
// auditor read, so a command can run in the environment of these processes. A variable that is not set means the address of
// `npm start`. The user and password in a database URL are ignored: a command logs in as the role that it needs.
import * as auditor from '../../services/auditor/settings.ts';
import {
  parseConfig,
  settings,
  type Config,
  type Environment,
  type Setting,
} from '../../services/platform/process/settings/config.ts';
import {
  databaseTlsProblems,
  databaseTlsSettings,
} from '../../services/platform/process/security/database-security.ts';
import {
  kafkaSecurityProblems,
  kafkaSecuritySettings,
} from '../../services/platform/process/security/kafka-security.ts';
import {
  registrySecurityProblems,
  registrySecuritySettings,
} from '../../services/platform/process/security/registry-security.ts';
import { failure } from '../../schemas/tools/failure.ts';

const optional = <T>(given: Setting<T>, description: string): Setting<T | undefined> => ({
  ...given,
  description,
  schema: given.schema.optional(),
  whenUnset: 'the address of `npm start`',
});
const databaseUrl = (given: Setting<string>, service: string) =>
  optional(
    given,
    `URL of the database of the ${service} service. The commands log in with their own role and password.`,
  );

export const shape = {
  orderDatabaseUrl: databaseUrl(auditor.shape.orderDatabaseUrl, 'order'),
  inventoryDatabaseUrl: databaseUrl(auditor.shape.inventoryDatabaseUrl, 'inventory'),
  paymentDatabaseUrl: databaseUrl(auditor.shape.paymentDatabaseUrl, 'payment'),
  ...databaseTlsSettings,
  kafkaBrokers: optional(settings.kafkaBrokers, settings.kafkaBrokers.description),
  ...kafkaSecuritySettings,
  connectUrl: optional(auditor.shape.connectUrl, 'The REST API of Kafka Connect.'),
  schemaRegistryUrl: optional(settings.schemaRegistryUrl, 'The Confluent API of the schema registry.'),
  ...registrySecuritySettings,
  gatewayUrl: optional(settings.gatewayUrl, settings.gatewayUrl.description),
};
type OperatorConfig = Config<typeof shape>;

const contradictionsIn = (config: OperatorConfig): string[] => {
  const urls = {
    ORDER_DATABASE_URL: config.orderDatabaseUrl,
    INVENTORY_DATABASE_URL: config.inventoryDatabaseUrl,
    PAYMENT_DATABASE_URL: config.paymentDatabaseUrl,
  };
  const given = Object.entries(urls).flatMap(([variable, url]): [string, string][] =>
    url === undefined ? [] : [[variable, url]],
  );
  return [
    ...databaseTlsProblems(config, Object.fromEntries(given)),
    ...kafkaSecurityProblems(config),
    ...registrySecurityProblems({
      ...config,
      schemaRegistryUrl: config.schemaRegistryUrl ?? 'http://localhost',
    }),
  ];
};

/** Throws a failure with one sentence for each invalid setting. */
export const readOperatorSettings = (env: Environment): OperatorConfig => {
  const parsed = parseConfig(shape, env, contradictionsIn);
  if (!parsed.ok) throw failure(parsed.problems.join('\n'));
  return parsed.config;
};
