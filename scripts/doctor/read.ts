// Reads everything that the doctor judges, all parts in parallel and each with a timeout. A part that does not answer does not
// stop the others from being read. Changes nothing.
import kafkajs from 'kafkajs';
import type postgres from 'postgres';
import { z } from 'zod';
import { parseConfig } from '../../services/platform/process/settings/config.ts';
import { retentionSettings } from '../../services/platform/process/settings/retention-settings.ts';
import { planConnector } from '../connectors/apply.ts';
import { readConnector } from '../connectors/files.ts';
import { lint } from '../connectors/lint.ts';
import { withDatabase } from '../connectors/slot-position.ts';
import { connectorState, validateAtConnect } from '../connectors/connect-admin.ts';
import { callConnect } from '../../services/auditor/pipelines/connect-rest.ts';
import type { Environment, StackAddress } from '../operator/environment.ts';
import { isFailure, reasonOf } from '../../schemas/tools/failure.ts';
import { kafkaClient } from '../stack/parts/kafka.ts';
import { serviceNames, services, topics, type ServiceName } from '../stack/topology.ts';
import type {
  ClockFacts,
  ConnectFacts,
  ConnectorFacts,
  Facts,
  KafkaFacts,
  Reading,
  RetentionFacts,
  TopicFacts,
} from './facts.ts';
import { readDatabase, readLogin, databaseClock } from './read-database.ts';
import { readRegistry, readSchemaIds } from './read-registry.ts';
import { timeoutMs } from './facts.ts';

const attempt = async <T>(what: string, read: () => Promise<T>): Promise<Reading<T>> => {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    const sentence = isFailure(error) ? error.message : `${what} cannot be read (${reasonOf(error)})`;
    return { ok: false, problem: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.` };
  }
};

const readConnect = async (url: string): Promise<ConnectFacts> => {
  const worker = z.object({ version: z.string() }).parse((await callConnect(url)).body);
  const plugins = z
    .array(z.object({ class: z.string(), version: z.string().optional() }))
    .parse((await callConnect(`${url}/connector-plugins`)).body);
  const debezium = plugins.find(
    (plugin) => plugin.class === 'io.debezium.connector.postgresql.PostgresConnector',
  );
  return { version: worker.version, debezium: debezium?.version ?? null };
};

const readConnectorFacts = async (url: string, service: ServiceName): Promise<ConnectorFacts> => {
  const { connector } = services[service];
  const config = readConnector(service);
  const [state, plan, refused] = await Promise.all([
    connectorState(url, connector),
    planConnector(url, service),
    validateAtConnect(url, connector, config),
  ]);
  return { state, changes: plan.changes, invalid: [...lint(service, config), ...refused] };
};

const internalTopics = ['_connect-configs', '_connect-offsets', '_connect-status'] as const;

const readKafka = async ({ brokers, security }: StackAddress['kafka']): Promise<KafkaFacts> => {
  const admin = kafkaClient(brokers.join(','), 'orderflow-doctor', security).admin();
  await admin.connect();
  try {
    const cluster = await admin.describeCluster();
    const present = new Set(await admin.listTopics());
    const wanted = [...topics, ...internalTopics].filter((topic) => present.has(topic));
    const metadata = await admin.fetchTopicMetadata({ topics: wanted });
    // KafkaJS refuses an empty request.
    const { resources } =
      wanted.length === 0
        ? { resources: [] }
        : await admin.describeConfigs({
            includeSynonyms: false,
            resources: wanted.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
          });
    const factsOf = <T extends string>(topic: T): TopicFacts & { readonly topic: T } => {
      const found = metadata.topics.find(({ name }) => name === topic);
      const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
      if (found === undefined) return { topic, state: null };
      return {
        topic,
        state: {
          partitions: found.partitions.length,
          replicas: Math.min(...found.partitions.map(({ replicas }) => replicas.length)),
          underReplicated: found.partitions.filter(({ replicas, isr }) => isr.length < replicas.length)
            .length,
          config: Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue])),
        },
      };
    };
    return {
      brokers: cluster.brokers.length,
      events: topics.map(factsOf),
      internal: internalTopics.map(factsOf),
    };
  } finally {
    await admin.disconnect();
  }
};

const httpClock = async (part: string, url: string): Promise<ClockFacts[]> => {
  const before = Date.now();
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  await response.body?.cancel();
  const after = Date.now();
  const at = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(at)) return [];
  // The Date header has a resolution of one second.
  return [{ part, aheadMs: at + 500 - (before + after) / 2, uncertainMs: 500 + (after - before) / 2 }];
};

const readRetention = (env: Environment): Reading<RetentionFacts> => {
  const parsed = parseConfig(retentionSettings, env);
  if (!parsed.ok) return { ok: false, problem: parsed.problems.join(' ') };
  const { outboxRetentionDays: outboxDays, inboxRetentionDays: inboxDays } = parsed.config;
  return { ok: true, value: { outboxDays, inboxDays } };
};

const byService = async <T>(read: (service: ServiceName) => Promise<T>): Promise<Record<ServiceName, T>> => {
  const [order, inventory, payment] = await Promise.all([read('order'), read('inventory'), read('payment')]);
  return { order, inventory, payment };
};
const valuesOf = <T>(readings: readonly Reading<readonly T[]>[]): T[] =>
  readings.flatMap((one) => (one.ok ? one.value : []));

/**
 * Does not reject when a part does not answer: the reading of that part has the reason. Schema ids and clocks that cannot be read
 * are left out.
 */
export const readFacts = async (stack: StackAddress, env: Environment): Promise<Facts> => {
  const { urls } = stack;
  const asAdmin = <T>(service: ServiceName, work: (sql: postgres.Sql) => Promise<T>) =>
    attempt(`The ${service} database`, () => withDatabase(stack, service, 'admin', work));
  const [databases, logins, connect, connectors, kafka, registry, ids, databaseClocks, httpClocks] =
    await Promise.all([
      byService((service) => asAdmin(service, (sql) => readDatabase(sql, service))),
      byService((service) => readLogin(stack, service)),
      attempt('Kafka Connect', () => readConnect(urls.connect)),
      byService((service) =>
        attempt(services[service].connector, () => readConnectorFacts(urls.connect, service)),
      ),
      attempt('Kafka', () => readKafka(stack.kafka)),
      attempt('The schema registry', () => readRegistry(stack.registry)),
      Promise.all(
        serviceNames.map((service) => asAdmin(service, (sql) => readSchemaIds(sql, service, stack.registry))),
      ),
      Promise.all(
        serviceNames.map((service) => asAdmin(service, async (sql) => [await databaseClock(sql, service)])),
      ),
      Promise.all([
        attempt('Kafka Connect', () => httpClock('Kafka Connect', urls.connect)),
        ...serviceNames.map((service) =>
          attempt(service, () => httpClock(`the ${service} service`, `${urls[service]}/health/live`)),
        ),
      ]),
    ]);
  return {
    databases,
    logins,
    connect,
    connectors,
    kafka,
    registry,
    schemaIds: valuesOf(ids),
    clocks: valuesOf([...databaseClocks, ...httpClocks]),
    retention: readRetention(env),
  };
};
