// Where the commands find the stack: the ports and passwords that the environment moves, or the addresses of a stack elsewhere
// and how its parts have to prove themselves; for every command the same.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { databaseTrust } from '../../services/platform/process/security/database-security.ts';
import {
  kafkaSecurity,
  type KafkaSecurity,
} from '../../services/platform/process/security/kafka-security.ts';
import type { Trust } from '../../services/platform/process/security/pem.ts';
import { registrySecurity } from '../../services/platform/process/security/registry-security.ts';
import { databaseUrlOf, urlsOf, type Urls } from '../stack/addresses.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';
import { readOperatorSettings } from './operator-settings.ts';
import { portsFrom } from '../stack/ports.ts';
import type { RegistryAddress } from '../../schemas/tools/registry-http.ts';
import {
  developmentPassword,
  passwords,
  serviceNames,
  type DatabaseRole,
  type Ports,
  type ServiceName,
} from '../stack/topology.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface StackAddress {
  readonly ports: Ports;
  readonly urls: Urls;
  readonly databaseUrl: (service: ServiceName, role: DatabaseRole) => string;
  /** How the server of a database URL has to prove itself, and who asks to it. */
  readonly databaseTrust: (url: string) => Trust;
  readonly kafka: { readonly brokers: readonly string[]; readonly security: KafkaSecurity };
  readonly registry: RegistryAddress;
}

/** The database of `url` for the one who signs in at `as`. */
const signedInAs = (url: string | undefined, as: string): string => {
  if (url === undefined) return as;
  const [there, { username, password }] = [new URL(url), new URL(as)];
  return Object.assign(there, { username, password }).href;
};

/** Throws a failure when the environment says something of an address that cannot be. */
export const stackOf = (env: Environment): StackAddress => {
  const ports = portsFrom(env);
  const config = readOperatorSettings(env);
  const here = urlsOf(ports);
  const registryUrl = config.schemaRegistryUrl?.replace(/\/$/, '') ?? here.registry;
  const brokers = config.kafkaBrokers ?? [here.kafka];
  const elsewhere: Readonly<Record<ServiceName, string | undefined>> = {
    order: config.orderDatabaseUrl,
    inventory: config.inventoryDatabaseUrl,
    payment: config.paymentDatabaseUrl,
  };
  return {
    ports,
    urls: {
      ...here,
      connect: config.connectUrl ?? here.connect,
      registry: registryUrl,
      kafka: brokers.join(','),
      gateway: config.gatewayUrl ?? here.gateway,
    },
    databaseUrl: (service, role) =>
      signedInAs(
        elsewhere[service],
        databaseUrlOf(ports, service, role, env[passwords[service][role]] ?? developmentPassword),
      ),
    databaseTrust: (url) => databaseTrust(config, url),
    kafka: { brokers, security: kafkaSecurity(config) },
    registry: {
      url: registryUrl,
      security: registrySecurity({ ...config, schemaRegistryUrl: registryUrl }),
    },
  };
};

/** The arguments of a command; a wrong one is a failure of one sentence with the usage below it. */
export const argumentsOf = <T extends ParseArgsConfig>(
  usage: string,
  config: T,
): ReturnType<typeof parseArgs<T>> => {
  try {
    return parseArgs<T>(config);
  } catch (error) {
    throw failure(`${messageOf(error)}\n${usage}`);
  }
};

/** The service of that name. */
export const serviceNamed = (name: string, usage: string): ServiceName => {
  const service = serviceNames.find((candidate) => candidate === name);
  if (service === undefined)
    throw failure(`there is no service "${name}", only ${serviceNames.join(', ')}\n${usage}`);
  return service;
};
