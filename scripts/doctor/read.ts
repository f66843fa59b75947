// Reads what the doctor judges: every part at once, each within a bound, and none that is away keeps the others from being
// looked at. Nothing is changed; the heartbeat that is tried writes a message that every reader of the WAL skips.
import { drizzle } from 'drizzle-orm/postgres-js';
import kafkajs from 'kafkajs';
import type postgres from 'postgres';
import { z } from 'zod';
import { eventCatalogue, type EventType } from '../../schemas/generated/events.ts';
import { parseConfig } from '../../services/platform/process/config.ts';
import { retentionSettings } from '../../services/platform/process/retention-settings.ts';
import { readSlot } from '../../services/auditor/pipelines/slot-health.ts';
import { planConnector } from '../connectors/apply.ts';
import { readConnector, type ConnectorConfig } from '../connectors/files.ts';
import { lint } from '../connectors/lint.ts';
import { withDatabase } from '../connectors/position.ts';
import { connectorState, validateAtConnect } from '../connectors/connect-admin.ts';
import { askConnect } from '../../services/auditor/pipelines/connect-rest.ts';
import type { Environment, StackAddress } from '../operator/environment.ts';
import { isFailure, messageOf, reasonOf } from '../../services/platform/process/failure.ts';
import { kafkaClient } from '../stack/parts/kafka.ts';
import { callRegistry, type RegistryAddress } from '../../schemas/tools/registry-http.ts';
import { serviceNames, services, topics, type ServiceName } from '../stack/topology.ts';
import type {
  ClockFacts,
  ConnectFacts,
  ConnectorFacts,
  ConnectorLogin,
  DatabaseFacts,
  Facts,
  KafkaFacts,
  Reading,
  RegistryFacts,
  RetentionFacts,
  SchemaIdFacts,
  TopicFacts,
} from './facts.ts';

const timeoutMs = 10_000;
/** Older than this a transaction is worth a word: slots keep the WAL since its begin. */
const longTransactionSeconds = 60;

const reading = async <T>(what: string, read: () => Promise<T>): Promise<Reading<T>> => {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    const sentence = isFailure(error) ? error.message : `${what} cannot be looked at (${reasonOf(error)})`;
    return { ok: false, problem: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.` };
  }
};

/** The columns of the outbox that a connector's router takes something from. */
export const columnsOf = (config: ConnectorConfig): readonly string[] => [
  ...['route.by.field', 'table.field.event.id', 'table.field.event.key', 'table.field.event.payload'].flatMap(
    (key) => config[`transforms.outbox.${key}`] ?? [],
  ),
  ...(config['transforms.outbox.table.fields.additional.placement'] ?? '')
    .split(',')
    .flatMap((placement) => placement.split(':')[0]?.trim() ?? []),
];

const readDatabase = async (sql: postgres.Sql, service: ServiceName): Promise<DatabaseFacts> => {
  const { slot, publication, cdc } = services[service].database;
  const [server] = await sql<
    Omit<DatabaseFacts, 'slot' | 'publication' | 'cdcRole' | 'missingColumns' | 'longTransactions'>[]
  >`
    SELECT current_setting('server_version_num')::int AS version, current_setting('wal_level') AS "walLevel",
           current_setting('max_replication_slots')::int AS "maxSlots",
           (SELECT count(*)::int FROM pg_replication_slots) AS "slotsUsed",
           current_setting('max_wal_senders')::int AS "maxSenders",
           (SELECT count(*)::int FROM pg_stat_replication) AS "sendersUsed",
           coalesce((SELECT setting::float8 * CASE unit WHEN 'min' THEN 60 WHEN 'ms' THEN 0.001 ELSE 1 END
                     FROM pg_settings WHERE name = 'idle_replication_slot_timeout'), 0)::float8 AS "idleSlotSeconds"`;
  if (server === undefined) throw new Error('the server says nothing of itself');
  const [published] = await sql<NonNullable<DatabaseFacts['publication']>[]>`
    SELECT ARRAY(SELECT schemaname || '.' || tablename FROM pg_publication_tables t
                 WHERE t.pubname = p.pubname ORDER BY 1) AS tables,
           array_remove(ARRAY[CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END,
             CASE WHEN pubdelete THEN 'delete' END, CASE WHEN pubtruncate THEN 'truncate' END], NULL) AS operations,
           puballtables AS "allTables"
    FROM pg_publication p WHERE pubname = ${publication}`;
  const [role] = await sql<NonNullable<DatabaseFacts['cdcRole']>[]>`
    SELECT rolcanlogin AS login, rolreplication AS replication, rolsuper AS superuser,
           has_table_privilege(oid, 'public.outbox', 'SELECT') AS "readsOutbox"
    FROM pg_roles WHERE rolname = ${cdc}`;
  const missing = await sql<{ name: string }[]>`
    SELECT name FROM unnest(${sql.array([...columnsOf(readConnector(service))])}::text[]) AS name
    WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'public.outbox'::regclass AND attnum > 0
                      AND NOT attisdropped AND attname = name)`;
  const long = await sql<{ pid: number; who: string; seconds: number }[]>`
    SELECT pid, coalesce(nullif(application_name, ''), usename, backend_type) AS who,
           extract(epoch FROM now() - xact_start)::int AS seconds
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND xact_start < now() - make_interval(secs => ${longTransactionSeconds})
    ORDER BY xact_start LIMIT 5`;
  return {
    ...server,
    slot: await readSlot(drizzle(sql), slot),
    publication: published ?? null,
    cdcRole: role ?? null,
    missingColumns: missing.map(({ name }) => name),
    longTransactions: [...long],
  };
};

/** Logs in as the connector does and tries its heartbeat, both as configured and not as they should be. */
const readLogin = async (stack: StackAddress, service: ServiceName): Promise<ConnectorLogin> => {
  const query = readConnector(service)['heartbeat.action.query'] ?? '';
  try {
    return await withDatabase(stack, service, 'cdc', async (sql) => ({
      refused: null,
      heartbeat: await sql.unsafe(query).then(
        () => null,
        (error: unknown) => messageOf(error),
      ),
    }));
  } catch (error) {
    return { refused: messageOf(error), heartbeat: null };
  }
};

const readConnect = async (url: string): Promise<ConnectFacts> => {
  const worker = z.object({ version: z.string() }).parse((await askConnect(url)).body);
  const plugins = z
    .array(z.object({ class: z.string(), version: z.string().optional() }))
    .parse((await askConnect(`${url}/connector-plugins`)).body);
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
    const { resources } = await admin.describeConfigs({
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

const getJson = async (
  registry: RegistryAddress,
  url: string,
): Promise<{ status: number; body: unknown }> => {
  const { status, text } = await callRegistry(registry, url, { withinMs: timeoutMs });
  return { status, body: text === '' ? undefined : JSON.parse(text) };
};

const wantedCompatibility = 'FULL_TRANSITIVE';

const readRegistry = async (registry: RegistryAddress): Promise<RegistryFacts> => {
  const { url } = registry;
  const subjects = [...new Set(Object.values(eventCatalogue).map(({ subject }) => subject))];
  const modes = await Promise.all(
    subjects.map(async (subject): Promise<[string, string]> => {
      const path = `${url}/config/${encodeURIComponent(subject)}?defaultToGlobal=true`;
      const { body } = await getJson(registry, path);
      const parsed = z.object({ compatibilityLevel: z.string() }).safeParse(body);
      return [subject, parsed.success ? parsed.data.compatibilityLevel : 'NONE'];
    }),
  );
  // Apicurio's own interface lies beside the Confluent one; another registry has none.
  const property = 'apicurio.ccompat.legacy-id-mode.enabled';
  const own = new URL(`/apis/registry/v3/admin/config/properties/${property}`, url);
  const legacy = z
    .object({ value: z.string() })
    .safeParse((await getJson(registry, own.href).catch(() => ({ body: undefined }))).body);
  return {
    compatibility: Object.fromEntries(modes.filter(([, mode]) => mode !== wantedCompatibility)),
    legacyIds: legacy.success ? legacy.data.value === 'true' : null,
  };
};

const isEventType = (text: string): text is EventType => text in eventCatalogue;

/** What the registry makes of the ids that the newest rows of the outbox are framed with. */
const readSchemaIds = async (
  sql: postgres.Sql,
  service: ServiceName,
  registry: RegistryAddress,
): Promise<SchemaIdFacts[]> => {
  const used = await sql<{ eventType: string; id: number }[]>`
    SELECT DISTINCT event_type AS "eventType", schema_id AS id
    FROM (SELECT event_type, schema_id FROM outbox ORDER BY occurred_at DESC LIMIT 10000) recent`;
  return Promise.all(
    used.map(async ({ eventType, id }) => {
      const { status, body } = await getJson(registry, `${registry.url}/schemas/ids/${id}`);
      const answer = z.object({ schema: z.string() }).safeParse(body);
      const record =
        status === 200 && answer.success
          ? z
              .object({ name: z.string(), namespace: z.string() })
              .transform(({ name, namespace }) => `${namespace}.${name}`)
              .parse(JSON.parse(answer.data.schema))
          : null;
      const expected = isEventType(eventType) ? eventCatalogue[eventType].subject : undefined;
      return { service, eventType, id, expected, found: record };
    }),
  );
};

const databaseClock = async (sql: postgres.Sql, service: ServiceName): Promise<ClockFacts> => {
  const before = Date.now();
  const [row] = await sql<
    { at: number }[]
  >`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at`;
  const after = Date.now();
  const uncertainMs = (after - before) / 2;
  return { part: `the ${service} database`, aheadMs: (row?.at ?? NaN) - (before + uncertainMs), uncertainMs };
};

const httpClock = async (part: string, url: string): Promise<ClockFacts[]> => {
  const before = Date.now();
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  await response.body?.cancel();
  const after = Date.now();
  const at = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(at)) return [];
  // The header is cut to the second.
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

/** Everything there is to judge. Never rejects for a part that is away. */
export const readFacts = async (stack: StackAddress, env: Environment): Promise<Facts> => {
  const { urls } = stack;
  const asAdmin = <T>(service: ServiceName, work: (sql: postgres.Sql) => Promise<T>) =>
    reading(`The ${service} database`, () => withDatabase(stack, service, 'admin', work));
  const [databases, logins, connect, connectors, kafka, registry, ids, databaseClocks, httpClocks] =
    await Promise.all([
      byService((service) => asAdmin(service, (sql) => readDatabase(sql, service))),
      byService((service) => readLogin(stack, service)),
      reading('Kafka Connect', () => readConnect(urls.connect)),
      byService((service) =>
        reading(services[service].connector, () => readConnectorFacts(urls.connect, service)),
      ),
      reading('Kafka', () => readKafka(stack.kafka)),
      reading('The schema registry', () => readRegistry(stack.registry)),
      Promise.all(
        serviceNames.map((service) => asAdmin(service, (sql) => readSchemaIds(sql, service, stack.registry))),
      ),
      Promise.all(
        serviceNames.map((service) => asAdmin(service, async (sql) => [await databaseClock(sql, service)])),
      ),
      Promise.all([
        reading('Kafka Connect', () => httpClock('Kafka Connect', urls.connect)),
        ...serviceNames.map((service) =>
          reading(service, () => httpClock(`the ${service} service`, `${urls[service]}/health/live`)),
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
