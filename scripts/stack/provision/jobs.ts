// The provisioning steps of the boot, and the replication of the topics, as separate jobs for a stack that Docker Compose or
// another tool starts. Every job is idempotent, and every wait has a time limit.
import { registerSchemas } from '../../../schemas/tools/registry.ts';
import { readContract } from '../../../schemas/tools/releases.ts';
import { answers, seconds, until } from '../supervise/deadline.ts';
import { failure, reasonOf } from '../../../schemas/tools/failure.ts';
import { kafkaAnswers } from '../parts/kafka.ts';
import { replicateTopics } from './replication.ts';
import { provisionDatabase } from './provision.ts';
import { repeatWhileUnavailable } from './repeat-while-unavailable.ts';
import { provisionTopics } from './topics.ts';
import { slotOutcomeOf } from './slot.ts';
import { logLinesOf, type ProvisionConnector } from './connector.ts';
import type { DatabaseTarget } from './database-target.ts';
import {
  cluster,
  developmentPassword,
  passwords,
  serviceNames,
  type DatabaseRole,
  type ServiceName,
} from '../topology.ts';

const jobsUsage = `usage: node scripts/provision.ts <job> <addresses>
  databases   order=<host>:<port> inventory=<host>:<port> payment=<host>:<port>
  topics      <host>:<port>[,<host>:<port> …]
  replication <host>:<port>[,<host>:<port> …]
  schemas     <URL of the Confluent API of the registry>
  connectors  <URL of Kafka Connect> order=<host>:<port> inventory=<host>:<port> payment=<host>:<port>`;

interface Address {
  readonly host: string;
  readonly port: number;
}
type Databases = Readonly<Record<ServiceName, Address>>;

export type Job =
  | { readonly name: 'databases'; readonly databases: Databases }
  | { readonly name: 'topics' | 'replication'; readonly brokers: string }
  | { readonly name: 'schemas'; readonly registry: string }
  | { readonly name: 'connectors'; readonly connect: string; readonly databases: Databases };

const usageError = (sentence: string): Error => failure(`${sentence}\n\n${jobsUsage}`);

const addressOf = (text: string): Address => {
  const [, host, digits] = /^([a-z0-9.-]+):(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535) throw usageError(`"${text}" is not <host>:<port>`);
  return { host, port };
};

const urlOf = (text: string | undefined): string => {
  const protocol = text === undefined ? undefined : URL.parse(text)?.protocol;
  if (text === undefined || (protocol !== 'http:' && protocol !== 'https:'))
    throw usageError(`"${text ?? ''}" is not an http or https address`);
  return text.replace(/\/$/, '');
};

const databasesOf = (texts: readonly string[]): Databases => {
  const known = serviceNames.map((service) => `${service}=`);
  const unknown = texts.find((text) => !known.some((prefix) => text.startsWith(prefix)));
  if (unknown !== undefined) throw usageError(`"${unknown}" is not a database of ${serviceNames.join(', ')}`);
  const databaseOf = (service: ServiceName): Address => {
    const [text, ...more] = texts.filter((candidate) => candidate.startsWith(`${service}=`));
    if (text === undefined || more.length > 0)
      throw usageError(`name the database of ${service} exactly once`);
    return addressOf(text.slice(service.length + 1));
  };
  return { order: databaseOf('order'), inventory: databaseOf('inventory'), payment: databaseOf('payment') };
};

/** Parses the arguments. Throws a failure with the usage when they are wrong. */
export const jobOf = ([name, ...args]: readonly string[]): Job => {
  const [first, ...others] = args;
  const expectOneArgument = (): void => {
    if (others.length > 0) throw usageError(`${name ?? ''} takes one argument, not also ${others.join(' ')}`);
  };
  switch (name) {
    case 'databases':
      return { name, databases: databasesOf(args) };
    case 'topics':
    case 'replication':
      expectOneArgument();
      for (const broker of (first ?? '').split(',')) addressOf(broker);
      return { name, brokers: first ?? '' };
    case 'schemas':
      expectOneArgument();
      return { name, registry: urlOf(first) };
    case 'connectors':
      return { name, connect: urlOf(first), databases: databasesOf(others) };
    default:
      throw usageError(name === undefined ? 'name a job' : `there is no job "${name}"`);
  }
};

const startsWithinMs = 60_000;
const connectorWithinMs = 90_000;
/** How long a part may be unavailable in the middle of a job. */
const unavailableWithinMs = 120_000;
/** The limit of each wait of the replication job: copying a week of events can take minutes. */
const replicatedWithinMs = 10 * 60_000;

/**
 * Runs `work` for all services in parallel and waits for all of them, even if one fails: a retry must not overlap with this run.
 */
const forEachService = async <T>(work: (service: ServiceName) => Promise<T>): Promise<T[]> => {
  const results = await Promise.allSettled(serviceNames.map(work));
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
};

const runOnce = async (
  job: Job,
  env: Readonly<Record<string, string | undefined>>,
  provisionConnector: ProvisionConnector,
): Promise<string[]> => {
  const target = (service: ServiceName, address: Address): DatabaseTarget => ({
    service,
    ...address,
    password: (role: DatabaseRole) => env[passwords[service][role]] ?? developmentPassword,
  });
  switch (job.name) {
    case 'databases':
      return forEachService(async (service) => {
        const slot = await provisionDatabase(target(service, job.databases[service]));
        return `${service}-db: roles, tables, rights and publication are provisioned; the slot is ${slot}`;
      });
    case 'topics':
      await until({ what: `Kafka at ${job.brokers}`, withinMs: startsWithinMs, everyMs: 500 }, () =>
        kafkaAnswers(job.brokers),
      );
      await provisionTopics(job.brokers);
      return ['the topics are provisioned'];
    case 'replication': {
      const { topics, partitions, raised } = await replicateTopics(job.brokers, replicatedWithinMs);
      return [
        `${topics} topics have ${cluster.replicationFactor} replicas and min.insync.replicas ${cluster.minInSync}; ` +
          `copied ${partitions} partitions, changed the setting of ${raised} topics`,
      ];
    }
    case 'schemas': {
      const what = `the schema registry at ${job.registry}`;
      await until({ what, withinMs: startsWithinMs, everyMs: 500 }, () =>
        answers(`${job.registry}/subjects`),
      );
      const { registered, unchanged } = await registerSchemas({ url: job.registry }, readContract());
      return [`${registered} schemas registered, ${unchanged} were already registered`];
    }
    case 'connectors':
      return (
        await forEachService(async (service) => {
          const database = target(service, job.databases[service]);
          const wait = { url: job.connect, withinMs: connectorWithinMs };
          // Trouble does not fail the job: only an operator can solve it, with commands that need a running stack.
          const provisioned = await provisionConnector(database, await slotOutcomeOf(database), wait);
          const lines = logLinesOf(provisioned);
          return provisioned.trouble === undefined
            ? [...lines, `connector ${provisioned.connector} runs`]
            : lines;
        })
      ).flat();
  }
};

/** Runs a job and returns its log lines. `say` receives a sentence when the job starts to wait for a part. */
export const runJob = (
  job: Job,
  env: Readonly<Record<string, string | undefined>>,
  provisionConnector: ProvisionConnector,
  say: (sentence: string) => void,
): Promise<string[]> =>
  repeatWhileUnavailable(() => runOnce(job, env, provisionConnector), {
    withinMs: unavailableWithinMs,
    everyMs: 1_000,
    onUnavailable: (error) => {
      say(
        `${job.name}: a part is unavailable (${reasonOf(error)}); retrying for ${seconds(unavailableWithinMs)}`,
      );
    },
  });
