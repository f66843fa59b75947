// The boot of the whole system: each step begins when what it needs is there and no later, and any failure stops what
// has been started. `npm start` and the tests both come through here, so there is one order of events and it is tested.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { registerSchemas } from '../../schemas/tools/registry.ts';
import { readContract } from '../../schemas/tools/releases.ts';
import { cacheRoot } from './parts/artefacts.ts';
import { answers, seconds } from './supervise/deadline.ts';
import {
  failure,
  isFailure,
  isStopped,
  messageOf,
  stopped,
} from '../../services/platform/process/failure.ts';
import {
  embeddedInfrastructure,
  type Infrastructure,
  type InfrastructureProvider,
  type Step,
} from './parts/infrastructure.ts';
import { checkDataFolder } from './preflight.ts';
import {
  provisionDatabase,
  provisionTopics,
  type DatabaseTarget,
  type ProvisionConnector,
  type SlotOutcome,
} from './provision/provision.ts';
import {
  createSupervisor,
  type Command,
  type Part,
  type StackStatus,
  type Supervisor,
} from './supervise/supervisor.ts';
import {
  auditorHeapMiB,
  databasePorts,
  developmentPassword,
  nodeHeapMiB,
  passwords,
  ports as portTopology,
  registryPath,
  serviceNames,
  services,
  type DatabaseRole,
  type Edge,
  type Ports,
  type ServiceName,
} from './topology.ts';

const projectRoot = join(import.meta.dirname, '..', '..');

export interface BootOptions {
  readonly ports: Ports;
  readonly dataDir: string;
  readonly provisionConnector: ProvisionConnector;
  /** Receives one line per step. */
  readonly log: (line: string) => void;
  /** Passwords by variable name, and variables for the Node processes on top of their contract. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Everything but the gateway, the dashboard, the auditor and the three services. */
  readonly onlyInfrastructure?: boolean;
  /** Aborting it stops the boot and all that runs. */
  readonly signal?: AbortSignal;
  /** Where databases, broker, Connect and registry come from; child processes of this one unless said otherwise. */
  readonly infrastructure?: InfrastructureProvider;
}

export interface Urls {
  readonly dashboard: string;
  readonly order: string;
  readonly inventory: string;
  readonly payment: string;
  readonly gateway: string;
  readonly auditor: string;
  readonly connect: string;
  /** Base of the Confluent API. */
  readonly registry: string;
  readonly kafka: string;
}

export interface Stack {
  readonly ports: Ports;
  readonly dataDir: string;
  readonly urls: Urls;
  /** A connection string for one of the roles of one database. */
  readonly databaseUrl: (service: ServiceName, role: DatabaseRole) => string;
  /** How a process is started, for whoever wants another instance of it. */
  readonly commandOf: (name: ServiceName | 'auditor') => Command;
  readonly status: () => StackStatus;
  readonly stop: () => Promise<void>;
  /** Without grace: for a person who presses Ctrl-C again. */
  readonly kill: () => void;
}

const loopback = (port: number): string => `http://127.0.0.1:${String(port)}`;

export const urlsOf = (ports: Ports): Urls => ({
  dashboard: `http://localhost:${String(ports.dashboard)}`,
  order: `http://localhost:${String(ports.order)}`,
  inventory: `http://localhost:${String(ports.inventory)}`,
  payment: `http://localhost:${String(ports.payment)}`,
  gateway: `http://localhost:${String(ports.gateway)}`,
  auditor: `http://localhost:${String(ports.auditor)}`,
  connect: loopback(ports.connect),
  registry: `${loopback(ports.registry)}${registryPath}`,
  kafka: `127.0.0.1:${String(ports.kafka)}`,
});

export const databaseUrlOf = (
  ports: Ports,
  service: ServiceName,
  role: DatabaseRole,
  password: string,
): string => {
  const { database, owner, service: runtime, cdc, auditor } = services[service].database;
  const user = { admin: 'postgres', owner, service: runtime, cdc, auditor }[role];
  return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${String(ports[databasePorts[service]])}/${database}`;
};

interface HealthTarget {
  readonly name: string;
  readonly kind: 'http' | 'tcp';
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
}

export const healthTargets = (ports: Ports): HealthTarget[] => [
  ...([...serviceNames, 'gateway', 'auditor'] as const).map((name) => ({
    name,
    kind: 'http' as const,
    url: `${loopback(ports[name])}/health/ready`,
  })),
  // What the auditor saw of it: a pipeline has no port of its own.
  ...serviceNames.map((service) => ({
    name: `${service}-pipeline`,
    kind: 'http' as const,
    url: `${loopback(ports.auditor)}/health/pipelines/${service}`,
  })),
  ...serviceNames.map((service) => ({
    name: `${service}-db`,
    kind: 'tcp' as const,
    host: '127.0.0.1',
    port: ports[databasePorts[service]],
  })),
  { name: 'kafka', kind: 'tcp', host: '127.0.0.1', port: ports.kafka },
  { name: 'connect', kind: 'http', url: `${loopback(ports.connect)}/health` },
  { name: 'registry', kind: 'http', url: `${loopback(ports.registry)}${registryPath}/subjects` },
];

type Environment = Readonly<Record<string, string | undefined>>;

const passwordFrom =
  (env: Environment) =>
  (variable: string): string =>
    env[variable] ?? developmentPassword;

/** What every Node process gets from outside, whatever else is set in the shell of the person who starts the stack. */
const inherited = (env: Environment): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TMPDIR: process.env['TMPDIR'],
      // Compiled code and stripped types are kept, so that the next start need not compile again.
      NODE_COMPILE_CACHE: join(cacheRoot(), `node-${process.version}`),
      LOG_LEVEL: 'info',
      NODE_ENV: 'development',
      ...env,
    }).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );

/** The environment contract of the Node processes. */
const contract = (name: ServiceName | Edge, options: BootOptions): Record<string, string> => {
  const { ports, dataDir, env = {} } = options;
  const issuer = urlsOf(ports).dashboard;
  const all = { HOST: '127.0.0.1', PORT: String(ports[name]) };
  switch (name) {
    case 'gateway':
      return { ...all, LEDGER_FILE: join(dataDir, 'gateway', 'ledger.jsonl') };
    case 'dashboard':
      return {
        ...all,
        OIDC_ISSUER: issuer,
        IDENTITY_KEYS_FILE: join(dataDir, 'identity', 'keys.json'),
        STACK_FILE: join(dataDir, 'stack.json'),
        HEALTH_TARGETS: JSON.stringify(healthTargets(ports)),
      };
    case 'auditor': {
      const password = (service: ServiceName): string => passwordFrom(env)(passwords[service].auditor);
      return {
        ...all,
        ORDER_DATABASE_URL: databaseUrlOf(ports, 'order', 'auditor', password('order')),
        INVENTORY_DATABASE_URL: databaseUrlOf(ports, 'inventory', 'auditor', password('inventory')),
        PAYMENT_DATABASE_URL: databaseUrlOf(ports, 'payment', 'auditor', password('payment')),
        KAFKA_BROKERS: `127.0.0.1:${String(ports.kafka)}`,
        GATEWAY_URL: loopback(ports.gateway),
        CONNECT_URL: loopback(ports.connect),
      };
    }
    case 'order':
    case 'inventory':
    case 'payment':
      return {
        ...all,
        DATABASE_URL: databaseUrlOf(ports, name, 'service', passwordFrom(env)(passwords[name].service)),
        KAFKA_BROKERS: `127.0.0.1:${String(ports.kafka)}`,
        SCHEMA_REGISTRY_URL: `${loopback(ports.registry)}${registryPath}`,
        OIDC_ISSUER: issuer,
        OIDC_AUDIENCE: 'orderflow',
        ...(name === 'inventory' ? { SEED_DEMO_PRODUCTS: 'true' } : {}),
        ...(name === 'payment' ? { GATEWAY_URL: loopback(ports.gateway) } : {}),
      };
  }
};

const nodeCommand = (name: ServiceName | Edge, options: BootOptions): Command => ({
  command: process.execPath,
  args: [
    '--disable-warning=TimeoutNegativeWarning',
    '--disable-warning=ExperimentalWarning',
    // Bounds what loading the modules leaves behind: 100 MB resident instead of 300.
    '--max-semi-space-size=2',
    `--max-old-space-size=${String(name === 'auditor' ? auditorHeapMiB : nodeHeapMiB)}`,
    join(projectRoot, 'services', name, 'main.ts'),
  ],
  env: { ...inherited(options.env ?? {}), ...contract(name, options) },
  cwd: projectRoot,
});

/** The gateway stops after those who call it, the auditor before those it looks at. */
const stages: Readonly<Record<ServiceName | Edge, number>> = {
  gateway: 4,
  dashboard: 5,
  order: 5,
  inventory: 5,
  payment: 5,
  auditor: 6,
};

const nodePart = (name: ServiceName | Edge, options: BootOptions): Part => ({
  name,
  label: portTopology[name].what,
  ports: [options.ports[name]],
  stage: stages[name],
  graceMs: 15_000,
  readyWithinMs: 60_000,
  command: () => nodeCommand(name, options),
  ready: () => answers(`${loopback(options.ports[name])}/health/ready`),
});

/**
 * Boots the stack and returns once every part is ready. When anything fails, or `signal` is aborted, everything is
 * stopped first and then the failure is thrown.
 */
export const bootStack = async (given: BootOptions): Promise<Stack> => {
  const options: BootOptions = { ...given, dataDir: resolve(given.dataDir) };
  const { ports, dataDir, log, env = {}, signal } = options;
  checkDataFolder(dataDir);
  if (signal?.aborted === true) throw stopped();
  const supervisor = await createSupervisor(dataDir, log);
  const stopNow = (): void => {
    void supervisor.stop();
  };
  signal?.addEventListener('abort', stopNow);
  try {
    await bootParts(options, supervisor, options.infrastructure ?? embeddedInfrastructure);
  } catch (error) {
    await supervisor.stop();
    if (isStopped(error)) throw stopped();
    throw isFailure(error) ? error : failure(messageOf(error), join(dataDir, 'logs'));
  } finally {
    signal?.removeEventListener('abort', stopNow);
  }
  const passwordOf = passwordFrom(env);
  return {
    ports,
    dataDir,
    urls: urlsOf(ports),
    databaseUrl: (service, role) => databaseUrlOf(ports, service, role, passwordOf(passwords[service][role])),
    commandOf: (name) => nodeCommand(name, options),
    status: supervisor.status,
    stop: supervisor.stop,
    kill: supervisor.kill,
  };
};

const bootParts = async (
  options: BootOptions,
  supervisor: Supervisor,
  provideInfrastructure: InfrastructureProvider,
): Promise<void> => {
  const { ports, dataDir, log, env = {} } = options;
  const began = performance.now();
  /** Runs one step and reports it with its own time, after the time since the boot began. */
  const step: Step = async (what, work) => {
    const from = performance.now();
    try {
      const result = await work();
      if (supervisor.signal.aborted) throw stopped();
      const now = performance.now();
      log(`${seconds(now - began).padStart(7)}  ${what} (${seconds(now - from)})`);
      return result;
    } catch (error) {
      // Once the boot is given up, the steps beside the one that failed fail too, for no reason of their own.
      if (supervisor.signal.aborted) throw stopped();
      if (isFailure(error)) throw error;
      throw failure(`${what}: ${messageOf(error)}`, join(dataDir, 'logs'));
    }
  };

  const site = { ports, dataDir, passwordOf: passwordFrom(env), supervisor, step, log };
  await startInfrastructure(options, supervisor, step, await provideInfrastructure(site));
  if (options.onlyInfrastructure !== true) await startServices(options, supervisor, step);
  supervisor.ready();
  log(`${seconds(performance.now() - began).padStart(7)}  everything is ready`);
};

const startInfrastructure = async (
  options: BootOptions,
  supervisor: Supervisor,
  step: Step,
  infrastructure: Infrastructure,
): Promise<void> => {
  const { ports, env = {} } = options;
  const passwordOf = passwordFrom(env);
  const target = (service: ServiceName): DatabaseTarget => ({
    service,
    port: ports[databasePorts[service]],
    password: (role) => passwordOf(passwords[service][role]),
  });
  const slots = new Map<ServiceName, SlotOutcome>();
  const database = async (service: ServiceName): Promise<void> => {
    const name = `${service}-db` as const;
    await step(`${name}: PostgreSQL is ready`, async () => {
      await supervisor.start(await infrastructure.part(name));
    });
    const slot = await step(`${name}: roles, migrations, publication and slot`, () =>
      provisionDatabase(target(service)),
    );
    slots.set(service, slot);
  };

  const kafkaAndConnect = async (): Promise<void> => {
    await step('Kafka is ready', async () => {
      await supervisor.start(await infrastructure.part('kafka'));
    });
    await Promise.all([
      step('topics', () => provisionTopics(`127.0.0.1:${String(ports.kafka)}`)),
      step('Kafka Connect is ready', async () => {
        await supervisor.start(await infrastructure.part('connect'));
      }),
    ]);
  };

  const registry = async (): Promise<void> => {
    await step('schema registry is ready', async () => {
      await supervisor.start(await infrastructure.part('registry'));
    });
    await step('schemas are registered', () =>
      registerSchemas({ url: urlsOf(ports).registry }, readContract()),
    );
  };

  await Promise.all([...serviceNames.map(database), kafkaAndConnect(), registry()]);
  await step('connectors are running', async () => {
    const wait = { withinMs: 90_000, signal: supervisor.signal, log: supervisor.logFile('connect') };
    const connect = { ...wait, url: urlsOf(ports).connect };
    // Side by side: each waits for its own task, and the worker assigns them in one go.
    const outcomes = await Promise.all(
      serviceNames.map((service) =>
        options.provisionConnector(target(service), slots.get(service) ?? 'missing', connect),
      ),
    );
    for (const degraded of outcomes)
      if (degraded !== undefined)
        options.log(`connector ${degraded.connector} publishes nothing: ${degraded.sentence}`);
  });
};

const startServices = async (options: BootOptions, supervisor: Supervisor, step: Step): Promise<void> => {
  mkdirSync(join(options.dataDir, 'gateway'), { recursive: true });
  mkdirSync(join(options.dataDir, 'identity'), { recursive: true, mode: 0o700 });
  const start = (name: ServiceName | Edge): Promise<void> =>
    step(`${portTopology[name].what} is ready`, () => supervisor.start(nodePart(name, options)));
  await Promise.all((['gateway', 'dashboard', ...serviceNames] as const).map(start));
  await start('auditor');
};
