// Kafka as one KRaft node: broker and controller in one JVM. Topics are never created automatically, because automatic creation
// could choose a wrong partition count.
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

interface KafkaOptions extends JavaRuntime {
  readonly port: number;
  readonly controllerPort: number;
  readonly dataDir: string;
  /** Added to the broker properties of the stack; a property with the same name is replaced. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Additional arguments of the format command, such as users. */
  readonly formatWith?: readonly string[];
}

export const log4jProperties = {
  'log4j2.configurationFile': join(import.meta.dirname, 'log4j2.xml'),
  'log4j2.disableJmx': 'true',
} as const;

/** The settings that the embedded broker and the container share. */
export const brokerSettings: Readonly<Record<string, string | number>> = {
  'auto.create.topics.enable': 'false',
  'default.replication.factor': 1,
  'min.insync.replicas': 1,
  // Internal topics have one replica, because there is one broker, and few partitions, because these load faster.
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 4,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 4,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'share.coordinator.state.topic.num.partitions': 1,
  // Short times speed up recovery. A crashed broker can register again only after its previous session has expired. A transaction
  // that a crash of Connect leaves open ends at the first cleanup after its timeout.
  'broker.session.timeout.ms': 4_000,
  'broker.heartbeat.interval.ms': 1_000,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1_000,
  // A consumer group with one member does not wait for more members.
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
  // By default, Kafka writes an empty record to the metadata log twice per second.
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
 * A new cluster id: 16 random bytes in base64url. An id that begins with a dash is discarded, as in Kafka's `Uuid.randomUuid`,
 * because Kafka's commands would parse it as an option. `draw` is for tests.
 */
export const newClusterId = (draw: () => Buffer = () => randomBytes(16)): string => {
  const id = draw().toString('base64url');
  return id.startsWith('-') ? newClusterId(draw) : id;
};

/** The storage format, named after the oldest version of Kafka that can read it. */
const storageVersion = '4.2';

/** Written after the storage has been formatted. The first line is the cluster id, the second the storage format. */
const formattedFile = (dataDir: string): string => join(dataDir, 'formatted');

/** Whether the storage is formatted. Throws a failure when another version of Kafka formatted it. */
export const isFormatted = (dataDir: string): boolean => {
  if (!existsSync(formattedFile(dataDir))) return false;
  if (readFileSync(formattedFile(dataDir), 'utf8').split('\n')[1] === storageVersion) return true;
  throw failure(
    `Kafka ${storageVersion} cannot read ${dataDir}, which another version wrote; \`npm run reset\` deletes all data, then \`npm start\` begins without data`,
  );
};

/** Writes the configuration, and formats the storage at the first start. */
export const prepareKafka = async (options: KafkaOptions, supervisor: Supervisor): Promise<void> => {
  mkdirSync(options.dataDir, { recursive: true });
  writeProperties(configFile(options), properties(options));
  // Without the file `formatted`, formatting has not finished, so the log contains no data that could be lost.
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
  writeFileSync(formattedFile(options.dataDir), `${clusterId}\n${storageVersion}\n`);
};

/** `brokers` is a comma-separated list of host:port. Without `security`, the connections use plain TCP. */
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

/** The part without its command: the same for the embedded broker and the container. */
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
