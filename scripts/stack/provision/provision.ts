// Brings databases, topics, schemas and connectors to the described state; safe to repeat at every start. The order
// matters: roles and tables, then the publication, then the slot, and only then may a service write. A connector without
// snapshot publishes nothing that was committed before its slot existed.
import kafkajs from 'kafkajs';
import type postgres from 'postgres';
import { until } from '../supervise/deadline.ts';
import { failure, isFailure, messageOf } from '../../../services/platform/process/failure.ts';
import { migrateDatabase } from './migrations.ts';
import { kafkaClient } from '../parts/kafka.ts';
import { connectAs } from '../parts/postgres.ts';
import {
  canaryTopicOf,
  canaryTopicSettings,
  passwords,
  services,
  superuser,
  topicSettings,
  topics,
  type DatabaseRole,
  type ServiceName,
} from '../topology.ts';

export interface DatabaseTarget {
  readonly service: ServiceName;
  readonly host?: string;
  readonly port: number;
  readonly password: (role: DatabaseRole) => string;
}

type Sql = postgres.Sql | postgres.TransactionSql;

/** Runs a statement that takes no parameters, such as DDL, with names and literals quoted by the server. */
const execute = async (sql: Sql, template: string, ...values: readonly string[]): Promise<void> => {
  const [row] = await sql<{ statement: string }[]>`
    SELECT format(${template}, VARIADIC ${sql.array([...values])}::text[]) AS statement`;
  if (row !== undefined) await sql.unsafe(row.statement);
};

const ensureRole = async (sql: Sql, role: string, attributes: string, password: string): Promise<void> => {
  const [existing] = await sql`SELECT 1 FROM pg_roles WHERE rolname = ${role}`;
  if (existing === undefined) await execute(sql, 'CREATE ROLE %I', role);
  await execute(sql, `ALTER ROLE %I ${attributes} PASSWORD %L`, role, password);
};

/** Tables whose rows are facts: a service adds to them and can neither change nor remove one. */
const appendOnly = ['outbox', 'order_events', 'stock_movements', 'audit_log', 'audit_seals'];

/** Functions that do, as the owner, the little a role may do beyond its rights. */
const callable = { service: ['delete_published_outbox_rows'], auditor: ['emit_canary'] } as const;

const grant = async (sql: postgres.Sql, service: ServiceName): Promise<void> => {
  const { database, owner, service: role, cdc, auditor } = services[service].database;
  await sql.begin(async (tx) => {
    await execute(tx, 'REVOKE ALL ON DATABASE %I FROM PUBLIC', database);
    await execute(tx, 'GRANT CONNECT ON DATABASE %I TO %I, %I, %I, %I', database, owner, role, cdc, auditor);
    await tx.unsafe('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    await execute(tx, 'GRANT USAGE ON SCHEMA public TO %I, %I, %I', role, cdc, auditor);
    await execute(tx, 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', role);
    await execute(tx, 'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO %I', role);
    const tables = await tx<{ name: string }[]>`
      SELECT relname AS name FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname = ANY (${appendOnly})`;
    for (const { name } of tables)
      await execute(tx, 'REVOKE UPDATE, DELETE, TRUNCATE ON TABLE public.%I FROM %I', name, role);
    for (const [caller, names] of [[role, callable.service] as const, [auditor, callable.auditor] as const]) {
      const functions = await tx<{ signature: string }[]>`
        SELECT oid::regprocedure::text AS signature FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname = ANY (${[...names]})`;
      for (const { signature } of functions)
        await execute(tx, 'GRANT EXECUTE ON FUNCTION %s TO %I', signature, caller);
    }
    await execute(tx, 'GRANT SELECT ON TABLE public.outbox TO %I', cdc);
    await execute(tx, 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO %I', auditor);
  });
};

export const ensurePublication = async (sql: Sql, publication: string): Promise<void> => {
  const [existing] = await sql<{ ok: boolean }[]>`
    SELECT pubinsert AND NOT pubupdate AND NOT pubdelete AND NOT pubtruncate AND NOT puballtables
           AND (SELECT array_agg(schemaname || '.' || tablename) FROM pg_publication_tables t
                WHERE t.pubname = p.pubname) IS NOT DISTINCT FROM ARRAY['public.outbox'] AS ok
    FROM pg_publication p WHERE pubname = ${publication}`;
  if (existing?.ok === true) return;
  if (existing === undefined)
    await execute(
      sql,
      `CREATE PUBLICATION %I FOR TABLE public.outbox WITH (publish = 'insert')`,
      publication,
    );
  else {
    await execute(sql, 'ALTER PUBLICATION %I SET TABLE public.outbox', publication);
    await execute(sql, `ALTER PUBLICATION %I SET (publish = 'insert')`, publication);
  }
};

/** `usable`, or what only `npm run recover` may mend, because events are missing from the topic. */
export type SlotOutcome = 'usable' | 'lost' | 'missing';

const standingOf = async (sql: Sql, slot: string): Promise<SlotOutcome> => {
  const [existing] = await sql<{ wal_status: string | null }[]>`
    SELECT wal_status FROM pg_replication_slots WHERE slot_name = ${slot}`;
  if (existing === undefined) return 'missing';
  return existing.wal_status === 'lost' ? 'lost' : 'usable';
};

/** Makes the slot of a database that no service has written to yet. Later on a new slot would hide a gap. */
const ensureSlot = async (sql: Sql, slot: string): Promise<SlotOutcome> => {
  const standing = await standingOf(sql, slot);
  if (standing !== 'missing') return standing;
  const [written] = await sql`SELECT 1 FROM public.outbox LIMIT 1`;
  if (written !== undefined) return 'missing';
  await createSlot(sql, slot);
  return 'usable';
};

/** Its last argument lets a standby keep a copy. Waits for the transactions that are under way. */
export const createSlot = async (sql: Sql, slot: string): Promise<void> => {
  await sql`SELECT pg_create_logical_replication_slot(${slot}, 'pgoutput', false, false, true)`;
};

/** How the slot is, for whoever did not see it being provisioned. */
export const slotOutcomeOf = async ({
  service,
  host,
  port,
  password,
}: DatabaseTarget): Promise<SlotOutcome> => {
  const { database, slot } = services[service].database;
  const admin = { host: host ?? '127.0.0.1', port, user: superuser, password: password('admin') };
  const sql = connectAs({ ...admin, database });
  try {
    return await standingOf(sql, slot);
  } finally {
    await sql.end({ timeout: 2 });
  }
};

const checkPassword = async (sql: Sql, service: ServiceName): Promise<void> => {
  try {
    await sql`SELECT 1`;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === '28P01')
      throw failure(
        `the ${service} database was created with another password of its superuser; set ${passwords[service].admin} to it`,
      );
    throw error;
  }
};

/** Roles, database, tables, rights, publication and slot of one service. Throws a failure that names what went wrong. */
export const provisionDatabase = async (target: DatabaseTarget): Promise<SlotOutcome> => {
  const { service, port, password } = target;
  const host = target.host ?? '127.0.0.1';
  const { database, owner, service: role, cdc, auditor, publication, slot } = services[service].database;
  const admin = { host, port, user: superuser, password: password('admin') };
  const server = connectAs({ ...admin, database: 'postgres' });
  try {
    await checkPassword(server, service);
    await ensureRole(server, owner, 'LOGIN', password('owner'));
    await ensureRole(server, role, 'LOGIN', password('service'));
    await ensureRole(server, cdc, 'LOGIN REPLICATION', password('cdc'));
    await ensureRole(server, auditor, 'LOGIN', password('auditor'));
    const [existing] = await server`SELECT 1 FROM pg_database WHERE datname = ${database}`;
    if (existing === undefined) await execute(server, 'CREATE DATABASE %I OWNER %I', database, owner);
  } finally {
    await server.end({ timeout: 2 });
  }
  await runMigrations(target);
  const sql = connectAs({ ...admin, database });
  try {
    await grant(sql, service);
    await ensurePublication(sql, publication);
    return await ensureSlot(sql, slot);
  } finally {
    await sql.end({ timeout: 2 });
  }
};

const runMigrations = async ({ service, host, port, password }: DatabaseTarget): Promise<void> => {
  const { database, owner } = services[service].database;
  const sql = connectAs({
    ...(host === undefined ? {} : { host }),
    port,
    database,
    user: owner,
    password: password('owner'),
  });
  try {
    await migrateDatabase(sql, service);
  } catch (error) {
    if (isFailure(error)) throw error;
    const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : '';
    throw failure(`the migrations of the ${service} database failed: ${messageOf(error)}${cause}`);
  } finally {
    await sql.end({ timeout: 2 });
  }
};

interface TopicPlan {
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

const topicPlans: ReadonlyMap<string, TopicPlan> = new Map([
  ...topics.map((topic): [string, TopicPlan] => [topic, topicSettings]),
  ...topics.map((topic): [string, TopicPlan] => [canaryTopicOf(topic), canaryTopicSettings]),
]);

/** Creates missing topics and checks existing ones. Throws a failure when a partition count is not the described one. */
export const provisionTopics = async (brokers: string): Promise<void> => {
  const admin = kafkaClient(brokers, 'orderflow-topics').admin();
  await admin.connect();
  try {
    const present = new Set(await admin.listTopics());
    const missing = [...topicPlans].filter(([topic]) => !present.has(topic));
    if (missing.length > 0)
      await admin.createTopics({
        waitForLeaders: true,
        timeout: 10_000,
        topics: missing.map(([topic, { partitions, replicationFactor, config }]) => ({
          topic,
          numPartitions: partitions,
          replicationFactor,
          configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
        })),
      });
    const metadata = await admin.fetchTopicMetadata({ topics: [...topicPlans.keys()] });
    for (const { name, partitions } of metadata.topics) {
      const wanted = topicPlans.get(name)?.partitions;
      if (partitions.length !== wanted)
        throw failure(
          `topic ${name} has ${String(partitions.length)} partitions instead of ${String(wanted)}; ` +
            'another count sends keys to other partitions and breaks the order of their events',
        );
    }
    const old = [...topicPlans.keys()].filter((topic) => present.has(topic));
    if (old.length > 0) await alignTopicConfig(admin, old);
  } finally {
    await admin.disconnect();
  }
};

type Admin = ReturnType<ReturnType<typeof kafkaClient>['admin']>;

const alignTopicConfig = async (admin: Admin, names: readonly string[]): Promise<void> => {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  const wanted = (topic: string) => Object.entries(topicPlans.get(topic)?.config ?? {});
  const differing = resources.filter(({ resourceName, configEntries }) =>
    wanted(resourceName).some(
      ([key, value]) => configEntries.find((entry) => entry.configName === key)?.configValue !== value,
    ),
  );
  if (differing.length === 0) return;
  await admin.alterConfigs({
    validateOnly: false,
    resources: differing.map(({ resourceName }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: resourceName,
      configEntries: wanted(resourceName).map(([name, value]) => ({ name, value })),
    })),
  });
};

/** Connectors that do not publish, and what an operator has to do about it. */
export interface Degraded {
  readonly connector: string;
  readonly sentence: string;
}

export interface ConnectTarget {
  readonly url: string;
  readonly withinMs: number;
  readonly signal?: AbortSignal;
  readonly log?: string;
}

/**
 * Applies the configuration of one connector and returns once its task reads the slot. Handed in, because the stack does not know
 * the connectors' files.
 */
export type ProvisionConnector = (
  database: DatabaseTarget,
  slot: SlotOutcome,
  target: ConnectTarget,
) => Promise<Degraded | undefined>;

/**
 * Returns once the connector reads from its slot. Connect's own word is not enough: after a crash it repeats the last
 * state it has stored until the new worker has got round to its tasks.
 */
export const awaitStreaming = async (
  target: DatabaseTarget,
  { withinMs, signal, log }: Omit<ConnectTarget, 'url'>,
): Promise<void> => {
  const { service, port, password } = target;
  const { database, slot } = services[service].database;
  const host = target.host ?? '127.0.0.1';
  const sql = connectAs({ host, port, database, user: superuser, password: password('admin') });
  try {
    await until({ withinMs, signal, log, what: `a reader of the replication slot ${slot}` }, async () => {
      const [row] = await sql<{ active: boolean }[]>`
        SELECT active FROM pg_replication_slots WHERE slot_name = ${slot}`;
      return row?.active === true;
    });
  } finally {
    await sql.end({ timeout: 2 });
  }
};
