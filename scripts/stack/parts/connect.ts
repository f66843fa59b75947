// Kafka Connect with Debezium, as a distributed worker of one. A worker that dies publishes again what it had published since its
// last offset, and the inbox of each consumer recognises it: see "At least once" in connectors/README.md. Secrets reach connectors as `${env:…}` only,
// and the pattern below is all they can ask for.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../../../schemas/tools/failure.ts';
import { answers } from '../supervise/deadline.ts';
import { javaCommand, type JavaRuntime } from './java.ts';
import { log4jProperties, writeProperties } from './kafka.ts';
import { databasePorts, heaps, passwords, serviceNames, services, type Ports } from '../topology.ts';
import { stackVariables } from '../variables.ts';
import type { Command, Part, PartDescription } from '../supervise/part.ts';

/** Whether the worker publishes in transactions. Throws a failure for a value that is neither. */
export const exactlyOnceFrom = (
  env: Readonly<Record<string, string | undefined>>,
): 'enabled' | 'disabled' => {
  const variable = stackVariables.exactlyOnce.env;
  const value = env[variable];
  if (value === undefined || value === '' || value === 'disabled') return 'disabled';
  if (value === 'enabled') return value;
  throw failure(`${variable} must be enabled or disabled, but it is "${value}"`);
};

export interface ConnectOptions extends JavaRuntime {
  readonly port: number;
  /** Where Prometheus reads the figures of Connect and Debezium. */
  readonly metricsPort: number;
  readonly kafkaPort: number;
  readonly dataDir: string;
  /** The variables that connector configurations refer to. */
  readonly env: Readonly<Record<string, string>>;
  /** On top of, or instead of, the worker properties of the stack. */
  readonly properties?: Readonly<Record<string, string | number>>;
}

/** What is the same wherever the worker runs. */
export const workerSettings: Readonly<Record<string, string | number>> = {
  'group.id': 'orderflow-connect',
  'config.storage.topic': '_connect-configs',
  'offset.storage.topic': '_connect-offsets',
  'status.storage.topic': '_connect-status',
  'config.storage.replication.factor': 1,
  'offset.storage.replication.factor': 1,
  'status.storage.replication.factor': 1,
  'offset.storage.partitions': 1,
  'status.storage.partitions': 1,
  'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'exactly.once.source.support': 'disabled',
  'offset.flush.interval.ms': 1_000,
  'topic.creation.enable': 'true',
  'plugin.discovery': 'service_load',
  'config.providers': 'env',
  'config.providers.env.class': 'org.apache.kafka.common.config.provider.EnvVarConfigProvider',
  'config.providers.env.param.allowlist.pattern': '^(ORDER|INVENTORY|PAYMENT)_(DB|CDC)_.*',
  // With one worker nobody else could take the tasks of a dead one: its successor starts them at once.
  'scheduled.rebalance.max.delay.ms': 1_000,
  'session.timeout.ms': 6_000,
  'heartbeat.interval.ms': 2_000,
};

const properties = (options: ConnectOptions): Record<string, string | number> => ({
  'bootstrap.servers': `127.0.0.1:${String(options.kafkaPort)}`,
  listeners: `http://127.0.0.1:${String(options.port)}`,
  'rest.advertised.host.name': '127.0.0.1',
  'rest.advertised.port': options.port,
  'plugin.path': join(options.artefacts, 'connect-plugins'),
  ...workerSettings,
  ...options.properties,
});

/** What the three connectors refer to: where their databases are and how the CDC role logs in. */
export const connectorEnvironment = (
  ports: Ports,
  passwordOf: (variable: string) => string,
): Record<string, string> =>
  Object.fromEntries(
    serviceNames.flatMap((service) => {
      const prefix = service.toUpperCase();
      return [
        [`${prefix}_DB_HOST`, '127.0.0.1'],
        [`${prefix}_DB_PORT`, String(ports[databasePorts[service]])],
        [`${prefix}_DB_NAME`, services[service].database.database],
        [passwords[service].cdc, passwordOf(passwords[service].cdc)],
      ];
    }),
  );

const exporterFile = join(import.meta.dirname, '..', '..', '..', 'connectors', 'jmx-exporter.yaml');
const configFile = (options: ConnectOptions): string =>
  join(options.dataDir, 'connect-distributed.properties');

const command = (options: ConnectOptions): Command => {
  mkdirSync(options.dataDir, { recursive: true });
  writeProperties(configFile(options), properties(options));
  const classPath = join(options.artefacts, 'kafka', '*');
  return javaCommand(options, {
    jvm: 'connect',
    heapMiB: heaps.connect,
    properties: log4jProperties,
    main: ['-cp', classPath, 'org.apache.kafka.connect.cli.ConnectDistributed', configFile(options)],
    env: options.env,
    cwd: options.dataDir,
    // Three tasks that poll eighty times a second each are most of what an idle stack does.
    optimise: true,
    agent: `${join(options.artefacts, 'agents', 'jmx_prometheus_javaagent.jar')}=127.0.0.1:${String(options.metricsPort)}:${exporterFile}`,
  });
};

/** What is the same wherever the worker runs. */
export const describeConnect = (port: number, metricsPort: number): PartDescription => ({
  name: 'connect',
  label: 'Kafka Connect',
  ports: [port, metricsPort],
  stage: 3,
  graceMs: 15_000,
  readyWithinMs: 90_000,
  ready: () => answers(`http://127.0.0.1:${String(port)}/health`),
});

export const connectPart = (options: ConnectOptions): Part => ({
  ...describeConnect(options.port, options.metricsPort),
  command: () => command(options),
});
