// Kafka as one KRaft node: broker and controller in a single JVM, formatted once. Topics are never created on the fly,
// since a wrong partition count would change which events are ordered.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import type { KafkaSecurity } from '../../../services/platform/process/security/kafka-security.ts';
import { secureClient } from '../../../services/platform/messaging/kafkajs-event-stream.ts';
import { failure } from '../../../schemas/tools/failure.ts';
import { javaCommand, type JavaRuntime } from './java.ts';
import { heaps } from '../topology.ts';
import type { Command, Part, PartDescription } from '../supervise/part.ts';
import type { Supervisor } from '../supervise/supervisor.ts';

export interface KafkaOptions extends JavaRuntime {
  readonly port: number;
  readonly controllerPort: number;
  readonly dataDir: string;
  /** On top of, or instead of, the broker properties of the stack. */
  readonly properties?: Readonly<Record<string, string>>;
  /** More arguments of the command that formats the storage, such as users. */
  readonly formatWith?: readonly string[];
}

export const log4jProperties = {
  'log4j2.configurationFile': join(import.meta.dirname, 'log4j2.xml'),
  'log4j2.disableJmx': 'true',
} as const;

/** What is the same wherever the broker runs. */
export const brokerSettings: Readonly<Record<string, string | number>> = {
  'auto.create.topics.enable': 'false',
  'default.replication.factor': 1,
  'min.insync.replicas': 1,
  // Internal topics: one replica is all there is, and fewer partitions load faster.
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 4,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 4,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'share.coordinator.state.topic.num.partitions': 1,
  // After a crash the broker may register again once its last session is over, and the transactions that a crash of
  // Connect has left open are aborted once their time is up: both looked at every second or so.
  'broker.session.timeout.ms': 4_000,
  'broker.heartbeat.interval.ms': 1_000,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1_000,
  // A group of one need not wait for more members.
  'group.initial.rebalance.delay.ms': 0,
  'log.segment.bytes': 64 * 1024 * 1024,
  'log.cleaner.dedupe.buffer.size': 8 * 1024 * 1024,
  'log.cleaner.threads': 1,
  'num.network.threads': 2,
  'num.io.threads': 3,
  'background.threads': 2,
  'num.recovery.threads.per.data.dir': 2,
  'num.replica.alter.log.dirs.threads': 1,
  'group.coordinator.threads': 1,
  // The default writes an empty record to the metadata log twice a second, for ever.
  'metadata.max.idle.interval.ms': 5_000,
};

const properties = (options: KafkaOptions): Record<string, string | number> => ({
  'process.roles': 'broker,controller',
  'node.id': 1,
  'controller.quorum.voters': `1@127.0.0.1:${String(options.controllerPort)}`,
  'controller.listener.names': 'CONTROLLER',
  listeners: `PLAINTEXT://127.0.0.1:${String(options.port)},CONTROLLER://127.0.0.1:${String(options.controllerPort)}`,
  'advertised.listeners': `PLAINTEXT://127.0.0.1:${String(options.port)}`,
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'log.dirs': join(options.dataDir, 'log'),
  ...brokerSettings,
  ...options.properties,
});

const configFile = (options: KafkaOptions): string => join(options.dataDir, 'server.properties');

const java = (options: KafkaOptions, brief: boolean, ...main: readonly string[]): Command =>
  javaCommand(options, {
    jvm: 'kafka',
    heapMiB: heaps.kafka,
    properties: log4jProperties,
    main: ['-cp', join(options.artefacts, 'kafka', '*'), ...main],
    cwd: options.dataDir,
    brief,
  });

export const writeProperties = (file: string, values: Readonly<Record<string, string | number>>): void => {
  const lines = Object.entries(values).map(([key, value]) => `${key}=${String(value)}`);
  writeFileSync(file, `${lines.join('\n')}\n`);
};

/**
 * A new id of a cluster: 16 random bytes in base64url. As in Kafka's own `Uuid.randomUuid`, none begins with a dash, which
 * its commands would take for an option; one draw in 64 does, and is drawn again. `draw` is there for tests.
 */
export const newClusterId = (draw: () => Buffer = () => randomBytes(16)): string => {
  const id = draw().toString('base64url');
  return id.startsWith('-') ? newClusterId(draw) : id;
};

/** The format of Kafka's storage: that of the oldest version of Kafka that can still read it. */
const storageVersion = '4.2';

/** Written once the storage is formatted: the id of the cluster and the format, a line each. */
const markFile = (dataDir: string): string => join(dataDir, 'formatted');

/** Whether the storage is formatted; throws where another version of Kafka did that. */
export const isFormatted = (dataDir: string): boolean => {
  if (!existsSync(markFile(dataDir))) return false;
  if (readFileSync(markFile(dataDir), 'utf8').split('\n')[1] === storageVersion) return true;
  throw failure(
    `Kafka ${storageVersion} cannot read ${dataDir}, which another version wrote: \`npm run reset\` deletes all data, and \`npm start\` begins anew.`,
  );
};

/** Writes the configuration and, the first time, formats the storage. */
export const prepareKafka = async (options: KafkaOptions, supervisor: Supervisor): Promise<void> => {
  mkdirSync(options.dataDir, { recursive: true });
  writeProperties(configFile(options), properties(options));
  // Without the mark formatting has not happened or was cut short, so nothing can have been written to the log yet.
  if (isFormatted(options.dataDir)) return;
  rmSync(join(options.dataDir, 'log'), { recursive: true, force: true });
  const clusterId = newClusterId();
  const code = await supervisor.run({
    name: 'kafka-format',
    withinMs: 60_000,
    ...java(
      options,
      true,
      ...['kafka.tools.StorageTool', 'format', '-t', clusterId, '-r', storageVersion],
      ...['-c', configFile(options)],
      ...(options.formatWith ?? []),
    ),
  });
  if (code !== 0) throw failure('Kafka could not format its data folder', supervisor.logFile('kafka-format'));
  writeFileSync(markFile(options.dataDir), `${clusterId}\n${storageVersion}\n`);
};

/** `brokers` is a comma-separated list of host:port; without `security`, plain TCP. */
export const kafkaClient = (
  brokers: string,
  clientId: string,
  security: KafkaSecurity = { tls: false },
): Kafka =>
  new Kafka({
    ...secureClient(security),
    clientId,
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 10_000,
    retry: { retries: 0 },
  });

export const kafkaAnswers = async (brokers: string): Promise<boolean> => {
  const admin = kafkaClient(brokers, 'orderflow-probe').admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    return brokers.length > 0;
  } finally {
    await admin.disconnect();
  }
};

/** What is the same wherever the broker runs. */
export const describeKafka = (port: number, controllerPort: number): PartDescription => ({
  name: 'kafka',
  label: 'Kafka',
  ports: [port, controllerPort],
  stage: 2,
  graceMs: 20_000,
  readyWithinMs: 60_000,
  ready: () => kafkaAnswers(`127.0.0.1:${String(port)}`),
});

export const kafkaPart = (options: KafkaOptions): Part => ({
  ...describeKafka(options.port, options.controllerPort),
  command: () => java(options, false, 'kafka.Kafka', configFile(options)),
});
