// Boots the stack of a test run, on free ports and in a temporary folder. The stack is embedded, or in containers with
// ORDERFLOW_STACK=docker. Tests know only what the stack provides: addresses, connection strings, processes.
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { haveArtefacts } from '../../scripts/stack/parts/artefacts.ts';
import { provisionConnector } from '../../scripts/connectors/provision-connector.ts';
import { bootStack } from '../../scripts/stack/boot.ts';
import type { Urls } from '../../scripts/stack/addresses.ts';
import type { Containers } from '../../scripts/stack/parts/containers.ts';
import { stackKindFrom } from '../../scripts/stack/stack-kind.ts';
import { freePortBelow, freePorts } from '../../scripts/stack/ports.ts';
import type { Command } from '../../scripts/stack/supervise/part.ts';
import {
  serviceNames,
  type DatabaseRole,
  type Ports,
  type ServiceName,
} from '../../scripts/stack/topology.ts';
import { stackVariables } from '../../scripts/stack/variables.ts';

interface TestStack {
  readonly urls: Urls;
  readonly ports: Ports;
  readonly dataDir: string;
  /** The names of the containers, by part. Parts that are not listed run as processes. */
  readonly containers: Readonly<Partial<Record<string, string>>>;
  readonly databases: Readonly<Record<ServiceName, Readonly<Record<DatabaseRole, string>>>>;
  /** The command of each process, for tests that start another instance. */
  readonly commands: Readonly<Record<ServiceName | 'auditor', Command>>;
  /** The value of `FAULT_ROUNDS`: 1 by default, 5 in `npm run test:faults`. */
  readonly faultRounds: number;
  /** The seed of the random histories: a random number, unless SEED is set. */
  readonly seed: number;
  /** The port to which the services export the spans of sampled traces. Nothing listens on it until a test starts a collector. */
  readonly otlpPort: number;
  /** The token that is required to arm the fault points of the services. */
  readonly chaosToken: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    stack: TestStack;
  }
}

interface RunningTestStack {
  readonly provided: TestStack;
  readonly stop: () => Promise<void>;
}

/** Testcontainers is imported only when needed, because the import takes time. */
const containersFrom = async (env: NodeJS.ProcessEnv): Promise<Containers | undefined> => {
  if (stackKindFrom(env) === 'embedded') return undefined;
  if (!haveArtefacts())
    process.stderr.write(
      'tests that start parts of the embedded stack are skipped, because its Java artefacts are missing; `npm start` fetches them\n',
    );
  const { containersOf } = await import('../../scripts/stack/parts/containers.ts');
  return containersOf(`orderflow-test-${randomUUID().slice(0, 8)}`);
};

export const bootTestStack = async (): Promise<RunningTestStack> => {
  const containers = await containersFrom(process.env);
  const chaosToken = randomUUID();
  const dataDir = mkdtempSync(join(tmpdir(), 'orderflow-test-'));
  const ports = await freePorts();
  const otlpPort = await freePortBelow(ports);
  const stack = await bootStack({
    provisionConnector,
    ...(containers === undefined ? {} : { infrastructure: containers.provide }),
    ports,
    dataDir,
    log: (line) => process.stderr.write(`${line}\n`),
    env: {
      [stackVariables.exactlyOnce.env]: process.env[stackVariables.exactlyOnce.env],
      RESERVATION_TTL_SECONDS: '1800',
      EXPIRY_SWEEP_SECONDS: '1',
      DEADLINE_SWEEP_SECONDS: '1',
      GATEWAY_BREAKER_SECONDS: '3',
      // Short timeouts, because the tests kill many instances: after these times another instance continues the work.
      GATEWAY_TIMEOUT_MS: '4000',
      CONSUMER_SESSION_TIMEOUT_MS: '6000',
      // In the tests a few users send many requests. The tests of the rate limits start instances with lower limits.
      RATE_LIMIT_REQUESTS: '10000000',
      LOGINS_PER_MINUTE: '1000000',
      CHAOS_ENABLED: '1',
      CHAOS_TOKEN: chaosToken,
      AUDIT_INTERVAL_SECONDS: '1',
      AUDIT_GRACE_SECONDS: '4',
      AUDIT_DEADLINE_SECONDS: '6',
      ORDER_STREAM_HEARTBEAT_SECONDS: '1',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${String(otlpPort)}`,
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
    },
  }).catch(async (error: unknown) => {
    await containers?.remove();
    throw error;
  });
  const urlsOf = (service: ServiceName): Record<DatabaseRole, string> => ({
    admin: stack.databaseUrl(service, 'admin'),
    owner: stack.databaseUrl(service, 'owner'),
    service: stack.databaseUrl(service, 'service'),
    cdc: stack.databaseUrl(service, 'cdc'),
    auditor: stack.databaseUrl(service, 'auditor'),
  });
  const [order, inventory, payment] = serviceNames.map(urlsOf);
  if (!order || !inventory || !payment) throw new Error('a service has no database');
  const provided = {
    urls: stack.urls,
    ports: stack.ports,
    dataDir,
    containers: containers?.names ?? {},
    databases: { order, inventory, payment },
    commands: {
      order: stack.commandOf('order'),
      inventory: stack.commandOf('inventory'),
      payment: stack.commandOf('payment'),
      auditor: stack.commandOf('auditor'),
    },
    faultRounds: Number(process.env[stackVariables.faultRounds.env] ?? 1),
    seed: Number(process.env[stackVariables.seed.env] ?? randomInt(2 ** 31)),
    chaosToken,
    otlpPort,
  };
  const stop = async (): Promise<void> => {
    await stack.stop();
    await containers?.remove();
    if (process.env[stackVariables.keepTestData.env] === undefined)
      rmSync(dataDir, { recursive: true, force: true });
    else process.stderr.write(`kept ${dataDir}\n`);
  };
  return { provided, stop };
};
