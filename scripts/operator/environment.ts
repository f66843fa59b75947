// The addresses, passwords and TLS settings with which every command reaches the stack: the ports of this machine, or the
// addresses that the environment names.
import { databaseTrust } from '../../services/platform/process/security/database-security.ts';
import {
  kafkaSecurity,
  type KafkaSecurity,
} from '../../services/platform/process/security/kafka-security.ts';
import type { Trust } from '../../services/platform/process/security/pem.ts';
import { registrySecurity } from '../../services/platform/process/security/registry-security.ts';
import { databaseUrlOf, urlsOf, type Urls } from '../stack/addresses.ts';
import { readOperatorSettings } from './operator-settings.ts';
import { portsFrom } from '../stack/ports.ts';
import type { RegistryAddress } from '../../schemas/tools/registry-http.ts';
import {
  developmentPassword,
  passwords,
  type DatabaseRole,
  type Ports,
  type ServiceName,
} from '../stack/topology.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface StackAddress {
  readonly ports: Ports;
  readonly urls: Urls;
  readonly databaseUrl: (service: ServiceName, role: DatabaseRole) => string;
  /** The TLS settings for the server of a database URL. */
  readonly databaseTrust: (url: string) => Trust;
  readonly kafka: { readonly brokers: readonly string[]; readonly security: KafkaSecurity };
  readonly registry: RegistryAddress;
}

/** `url` with the user and password of `local`; `local` itself when there is no `url`. */
const withLoginOf = (local: string, url: string | undefined): string => {
  if (url === undefined) return local;
  const { username, password } = new URL(local);
  return Object.assign(new URL(url), { username, password }).href;
};

/** Throws a failure when a setting of the environment is invalid. */
export const stackOf = (env: Environment): StackAddress => {
  const ports = portsFrom(env);
  const config = readOperatorSettings(env);
  const local = urlsOf(ports);
  const registryUrl = config.schemaRegistryUrl?.replace(/\/$/, '') ?? local.registry;
  const brokers = config.kafkaBrokers ?? [local.kafka];
  const givenUrls: Readonly<Record<ServiceName, string | undefined>> = {
    order: config.orderDatabaseUrl,
    inventory: config.inventoryDatabaseUrl,
    payment: config.paymentDatabaseUrl,
  };
  return {
    ports,
    urls: {
      ...local,
      connect: config.connectUrl ?? local.connect,
      registry: registryUrl,
      kafka: brokers.join(','),
      gateway: config.gatewayUrl ?? local.gateway,
    },
    databaseUrl: (service, role) =>
      withLoginOf(
        databaseUrlOf(ports, service, role, env[passwords[service][role]] ?? developmentPassword),
        givenUrls[service],
      ),
    databaseTrust: (url) => databaseTrust(config, url),
    kafka: { brokers, security: kafkaSecurity(config) },
    registry: {
      url: registryUrl,
      security: registrySecurity({ ...config, schemaRegistryUrl: registryUrl }),
    },
  };
};
