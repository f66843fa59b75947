// The infrastructure of the stack: three PostgreSQL servers, Kafka, Connect and the registry, each a part of the supervisor. A
// provider decides only how the parts run, so boot, provisioning and tests are the same for child processes and containers.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { ensureArtefacts } from './artefacts.ts';
import { makeClassArchives } from './class-archives.ts';
import { connectPart, connectorEnvironment } from './connect.ts';
import { kafkaPart, prepareKafka } from './kafka.ts';
import { findPostgres, postgresIdentity } from './postgres-binaries.ts';
import { postgresPart } from './postgres.ts';
import { preflight } from '../preflight.ts';
import { registryPart } from './registry.ts';
import type { Part } from '../supervise/part.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import {
  databasePorts,
  passwords,
  ports as portTopology,
  serviceNames,
  type Ports,
  type ServiceName,
} from '../topology.ts';

export const infrastructureNames = [
  ...serviceNames.map((service) => `${service}-db` as const),
  'kafka',
  'connect',
  'registry',
] as const;
export type InfrastructureName = (typeof infrastructureNames)[number];

/** Runs one step of the boot and logs how long it took. */
export type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** The input of a provider. */
export interface InfrastructureContext {
  readonly ports: Ports;
  readonly dataDir: string;
  readonly passwordOf: (variable: string) => string;
  readonly exactlyOnce: 'enabled' | 'disabled';
  readonly supervisor: Supervisor;
  readonly step: Step;
  readonly log: (line: string) => void;
}

export interface Infrastructure {
  /** Prepares a part for its first start, for example with an empty database cluster, and returns it. */
  readonly part: (name: InfrastructureName) => Promise<Part>;
}

/** Throws a failure when a precondition is not met, before any part is started. */
export type InfrastructureProvider = (context: InfrastructureContext) => Promise<Infrastructure>;

/** Runs the parts as child processes. Their binaries come from npm and Maven. */
export const embeddedInfrastructure: InfrastructureProvider = async (context) => {
  const { ports, dataDir, passwordOf, exactlyOnce, supervisor, step, log } = context;
  const jdk = await step('ports, disk space and JDK are checked', () => preflight(ports, dataDir));
  const artefacts = await ensureArtefacts(supervisor, log);
  await makeClassArchives({ jdk, artefacts }, supervisor.signal, log);
  const binaries = findPostgres();
  // PostgreSQL may run as `nobody`, which must be able to enter the folder.
  chmodSync(dataDir, 0o755);
  const identity = postgresIdentity(binaries, dataDir);
  const java = { artefacts, jdk };

  const database = (service: ServiceName): Promise<Part> =>
    postgresPart({
      name: `${service}-db`,
      label: portTopology[databasePorts[service]].label,
      port: ports[databasePorts[service]],
      dataDir: join(dataDir, `${service}-db`),
      adminPassword: passwordOf(passwords[service].admin),
      binaries,
      identity,
      supervisor,
    });
  const kafka = async (): Promise<Part> => {
    const options = {
      ...java,
      port: ports.kafka,
      controllerPort: ports.kafkaController,
      dataDir: join(dataDir, 'kafka'),
    };
    await prepareKafka(options, supervisor);
    return kafkaPart(options);
  };
  const connect = (): Part =>
    connectPart({
      ...java,
      port: ports.connect,
      metricsPort: ports.connectMetrics,
      kafkaPort: ports.kafka,
      dataDir: join(dataDir, 'connect'),
      env: connectorEnvironment(ports, passwordOf),
      properties: { 'exactly.once.source.support': exactlyOnce },
    });
  const registry = (): Part =>
    registryPart({
      ...java,
      port: ports.registry,
      managementPort: ports.registryManagement,
      dataDir: join(dataDir, 'registry'),
    });

  const parts: Readonly<Record<InfrastructureName, () => Part | Promise<Part>>> = {
    'order-db': () => database('order'),
    'inventory-db': () => database('inventory'),
    'payment-db': () => database('payment'),
    kafka,
    connect,
    registry,
  };
  return { part: async (name) => parts[name]() };
};
