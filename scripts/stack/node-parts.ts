// The Node processes as parts of the supervisor: command, environment, health and stop order.
import { join } from 'node:path';
import { z } from 'zod';
import { cacheRoot } from './parts/artefacts.ts';
import { webPagesFolder } from './parts/web-pages.ts';
import { answers } from './supervise/deadline.ts';
import type { Command, Part } from './supervise/part.ts';
import {
  auditorHeapMiB,
  databasePorts,
  developmentPassword,
  nodeHeapMiB,
  passwords,
  ports as portTopology,
  registryPath,
  serviceNames,
  type Edge,
  type Ports,
  type ServiceName,
} from './topology.ts';
import { loopback, urlsOf, databaseUrlOf } from './addresses.ts';

const projectRoot = join(import.meta.dirname, '..', '..');

interface NodeOptions {
  readonly ports: Ports;
  readonly dataDir: string;
  /** Additional variables. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

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
  // A pipeline has no port; the auditor reports its health.
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

export const passwordFrom =
  (env: Environment) =>
  (variable: string): string =>
    env[variable] ?? developmentPassword;

/** The variables of every Node process. */
const sharedVariables = (env: Environment): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TMPDIR: process.env['TMPDIR'],
      // Caches compiled code and stripped types for the next start.
      NODE_COMPILE_CACHE: join(cacheRoot(), `node-${process.version}`),
      LOG_LEVEL: 'info',
      NODE_ENV: 'development',
      ...env,
    }).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );

/** The variables of one process in addition to the shared ones; its `settings.ts` describes them. */
const variablesOf = (name: ServiceName | Edge, options: NodeOptions): Record<string, string> => {
  const { ports, dataDir, env = {} } = options;
  const passwordOf = passwordFrom(env);
  const urls = urlsOf(ports);
  const address = { HOST: '127.0.0.1', PORT: String(ports[name]) };
  const eventsAndTokens = {
    KAFKA_BROKERS: urls.kafka,
    SCHEMA_REGISTRY_URL: urls.registry,
    OIDC_ISSUER: urls.dashboard,
    OIDC_AUDIENCE: 'orderflow',
  };
  switch (name) {
    case 'gateway':
      return { ...address, LEDGER_FILE: join(dataDir, 'gateway', 'ledger.jsonl') };
    case 'dashboard':
      return {
        ...address,
        OIDC_ISSUER: urls.dashboard,
        IDENTITY_KEYS_FILE: join(dataDir, 'identity', 'keys.json'),
        SESSION_KEY_FILE: join(dataDir, 'identity', 'session.key'),
        WEB_FOLDER: webPagesFolder(),
        ORDER_URL: loopback(ports.order),
        INVENTORY_URL: loopback(ports.inventory),
        PAYMENT_URL: loopback(ports.payment),
        AUDITOR_URL: loopback(ports.auditor),
        STACK_FILE: join(dataDir, 'stack.json'),
        HEALTH_TARGETS: JSON.stringify(healthTargets(ports)),
      };
    case 'auditor': {
      const databaseUrl = (service: ServiceName): string =>
        databaseUrlOf(ports, service, 'auditor', passwordOf(passwords[service].auditor));
      return {
        ...address,
        ...eventsAndTokens,
        ORDER_DATABASE_URL: databaseUrl('order'),
        INVENTORY_DATABASE_URL: databaseUrl('inventory'),
        PAYMENT_DATABASE_URL: databaseUrl('payment'),
        GATEWAY_URL: loopback(ports.gateway),
        CONNECT_URL: loopback(ports.connect),
      };
    }
    case 'order':
    case 'inventory':
    case 'payment':
      return {
        ...address,
        ...eventsAndTokens,
        DATABASE_URL: databaseUrlOf(ports, name, 'service', passwordOf(passwords[name].service)),
        ...(name === 'inventory' ? { SEED_DEMO_PRODUCTS: 'true' } : {}),
        ...(name === 'payment' ? { GATEWAY_URL: loopback(ports.gateway) } : {}),
      };
  }
};

export const nodeCommand = (name: ServiceName | Edge, options: NodeOptions): Command => ({
  command: process.execPath,
  args: [
    '--disable-warning=TimeoutNegativeWarning',
    '--disable-warning=ExperimentalWarning',
    // Without this limit, a process keeps 300 MB resident after loading its modules instead of 100 MB. Under load, garbage
    // collection takes a quarter of the CPU time with 2 MiB and an eighth with 8 MiB.
    '--max-semi-space-size=8',
    `--max-old-space-size=${String(name === 'auditor' ? auditorHeapMiB : nodeHeapMiB)}`,
    join(projectRoot, 'services', name, 'main.ts'),
  ],
  env: { ...sharedVariables(options.env ?? {}), ...variablesOf(name, options) },
  cwd: projectRoot,
});

/** Stages stop from the highest to the lowest: the auditor before the parts that it reads, the gateway after its clients. */
const stages: Readonly<Record<ServiceName | Edge, number>> = {
  gateway: 4,
  dashboard: 5,
  order: 5,
  inventory: 5,
  payment: 5,
  auditor: 6,
};

export const nodePart = (name: ServiceName | Edge, options: NodeOptions): Part => ({
  name,
  label: portTopology[name].label,
  ports: [options.ports[name]],
  stage: stages[name],
  graceMs: 15_000,
  readyWithinMs: 60_000,
  command: () => nodeCommand(name, options),
  // Readiness does not include the connection to Kafka: a process that restarts while Kafka is down must not be killed.
  ready: () => answers(readinessOf(name, options.ports)),
});

const readinessOf = (name: ServiceName | Edge, ports: Ports): string =>
  `${loopback(ports[name])}/health/ready`;

const readinessSchema = z.object({
  pipeline: z.record(z.string(), z.object({ status: z.string(), detail: z.string().optional() })),
});

/** Returns true when the process is connected to its event pipeline. Otherwise throws an error with the missing connections. */
export const isConnected = async (name: ServiceName | Edge, ports: Ports): Promise<boolean> => {
  const response = await fetch(readinessOf(name, ports), { signal: AbortSignal.timeout(2_000) });
  const { pipeline } = readinessSchema.parse(await response.json());
  const disconnected = Object.entries(pipeline).filter(([, { status }]) => status !== 'ok');
  if (disconnected.length > 0)
    throw new Error(
      disconnected.map(([name, { detail }]) => `${name}: ${detail ?? 'not connected'}`).join('; '),
    );
  return true;
};
