// Kafka Connect with Debezium, as one distributed worker. After a crash the worker publishes the events after its last stored
// offset again, and the inbox of each consumer discards the duplicates ("At least once" in connectors/README.md). Connector
// configurations contain secrets only as references `${env:…}`, to variables that match the pattern below.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { answers } from '../supervise/deadline.ts';
import { javaCommand, type JavaRuntime } from './java.ts';
import { log4jProperties, writeProperties } from './kafka.ts';
import { databasePorts, heaps, passwords, serviceNames, services, type Ports } from '../topology.ts';
import { choiceFrom, stackVariables } from '../variables.ts';
import type { Command, Part, PartDescription } from '../supervise/part.ts';

/**
 * Whether the worker publishes in transactions. Throws a failure for any value other than `disabled` and `enabled`. Without a
 * value: `disabled`.
 */
export const exactlyOnceFrom = (env: Readonly<Record<string, string | undefined>>): 'disabled' | 'enabled' =>
  choiceFrom(env, stackVariables.exactlyOnce.env, ['disabled', 'enabled']);

interface ConnectOptions extends JavaRuntime {
  readonly port: number;
  /** The port from which Prometheus scrapes the metrics of Connect and Debezium. */
  readonly metricsPort: number;
  readonly kafkaPort: number;
  readonly dataDir: string;
  /** The variables that connector configurations refer to. */
  readonly env: Readonly<Record<string, string>>;
  /** Added to the worker properties of the stack; a property with the same name is replaced. */
  readonly properties?: Readonly<Record<string, string | number>>;
}

/** The settings that the embedded worker and the container share. */
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
  // By default, the tasks of a lost worker wait five minutes for its return. A single worker starts them soon after its restart.
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

/** The variables that the connectors refer to: the addresses of the databases and the passwords of the CDC roles. */
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

/** Linux may end each timed wait of the process this much later; "Poll interval" in connectors/README.md explains why. */
export const timerSlackNs = 2_000_000;

const withTimerSlack = (worker: Command): Command => ({
  ...worker,
  command: '/bin/sh',
  args: [
    ...['-c', `{ echo ${String(timerSlackNs)} > /proc/self/timerslack_ns; } 2> /dev/null; exec "$0" "$@"`],
    ...[worker.command, ...worker.args],
  ],
});

const command = (options: ConnectOptions): Command => {
  mkdirSync(options.dataDir, { recursive: true });
  writeProperties(configFile(options), properties(options));
  const classPath = join(options.artefacts, 'kafka', '*');
  const worker = javaCommand(options, {
    jvm: 'connect',
    heapMiB: heaps.connect,
    properties: log4jProperties,
    main: ['-cp', classPath, 'org.apache.kafka.connect.cli.ConnectDistributed', configFile(options)],
    env: options.env,
    cwd: options.dataDir,
    // The three tasks poll all the time, which is most of the work of an idle stack.
    optimise: true,
    agent: `${join(options.artefacts, 'agents', 'jmx_prometheus_javaagent.jar')}=127.0.0.1:${String(options.metricsPort)}:${exporterFile}`,
  });
  return process.platform === 'linux' ? withTimerSlack(worker) : worker;
};

/** The part without its command: the same for the embedded worker and the container. */
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
