// Where the commands find the stack: the ports and passwords that the environment moves, for every command the same.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { databaseUrlOf, urlsOf, type Urls } from './boot.ts';
import { failure, messageOf } from './failure.ts';
import { portsFrom } from './ports.ts';
import {
  developmentPassword,
  passwords,
  serviceNames,
  type DatabaseRole,
  type Ports,
  type ServiceName,
} from './topology.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface StackAddress {
  readonly ports: Ports;
  readonly urls: Urls;
  readonly databaseUrl: (service: ServiceName, role: DatabaseRole) => string;
}

export const stackOf = (env: Environment): StackAddress => {
  const ports = portsFrom(env);
  return {
    ports,
    urls: urlsOf(ports),
    databaseUrl: (service, role) =>
      databaseUrlOf(ports, service, role, env[passwords[service][role]] ?? developmentPassword),
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
