// Boots the whole system. Each step starts as soon as its dependencies are ready, and a failure stops everything that was
// started. `npm start` and the tests use the same boot.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { registerSchemas } from '../../schemas/tools/registry.ts';
import { readContract } from '../../schemas/tools/releases.ts';
import { seconds, until } from './supervise/deadline.ts';
import { failure, isFailure, isStopped, messageOf, stopped } from '../../schemas/tools/failure.ts';
import {
  embeddedInfrastructure,
  type Infrastructure,
  type InfrastructureProvider,
  type Step,
} from './parts/infrastructure.ts';
import { ensureWebPages } from './parts/web-pages.ts';
import { checkDataFolder } from './preflight.ts';
import { provisionDatabase } from './provision/provision.ts';
import { provisionTopics } from './provision/topics.ts';
import type { DatabaseTarget } from './provision/database-target.ts';
import { logLinesOf, type ProvisionConnector } from './provision/connector.ts';
import type { SlotOutcome } from './provision/slot.ts';
import { createSupervisor, type Supervisor } from './supervise/supervisor.ts';
import type { Command, StackStatus } from './supervise/part.ts';
import {
  databasePorts,
  passwords,
  ports as portTopology,
  serviceNames,
  type DatabaseRole,
  type Edge,
  type Ports,
  type ServiceName,
} from './topology.ts';
import { type Urls, urlsOf, databaseUrlOf } from './addresses.ts';
import { exactlyOnceFrom } from './parts/connect.ts';
import { isConnected, passwordFrom, nodeCommand, nodePart } from './node-parts.ts';

interface BootOptions {
  readonly ports: Ports;
  readonly dataDir: string;
  readonly provisionConnector: ProvisionConnector;
  /** Receives one line per step. */
  readonly log: (line: string) => void;
  /** The passwords and EXACTLY_ONCE by variable name, and additional variables of the Node processes. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Do not start the Node processes. */
  readonly onlyInfrastructure?: boolean;
  /** Aborting the signal during the boot stops the boot and every started part. After the boot, use `stop`. */
  readonly signal?: AbortSignal;
  /** Provides databases, broker, Connect and registry; as child processes by default. */
  readonly infrastructure?: InfrastructureProvider;
}

export interface Stack {
  readonly ports: Ports;
  readonly dataDir: string;
  readonly urls: Urls;
  /** The connection string of one role for one database. */
  readonly databaseUrl: (service: ServiceName, role: DatabaseRole) => string;
  /** The command of a process, to start another instance of that process. */
  readonly commandOf: (name: ServiceName | 'auditor') => Command;
  readonly status: () => StackStatus;
  readonly stop: () => Promise<void>;
  /** Kills every part with SIGKILL; used after a second Ctrl-C. */
  readonly kill: () => void;
}

/**
 * Boots the stack and returns once every part is ready. When a step fails or `signal` is aborted, it stops every part and then
 * throws.
 */
export const bootStack = async (bootOptions: BootOptions): Promise<Stack> => {
  const options: BootOptions = { ...bootOptions, dataDir: resolve(bootOptions.dataDir) };
  const { ports, dataDir, log, env = {}, signal } = options;
  checkDataFolder(dataDir);
  const supervisor = await createSupervisor(dataDir, log);
  const stopNow = (): void => {
    void supervisor.stop();
  };
  signal?.addEventListener('abort', stopNow);
  try {
    if (signal?.aborted === true) throw stopped();
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
  const step: Step = async (name, work) => {
    const started = performance.now();
    try {
      const result = await work();
      if (supervisor.signal.aborted) throw stopped();
      const now = performance.now();
      log(`${seconds(now - began).padStart(7)}  ${name} (${seconds(now - started)})`);
      return result;
    } catch (error) {
      // The first failure stops every part, so the parallel steps fail too. Only the first failure is reported.
      if (supervisor.signal.aborted) throw stopped();
      if (isFailure(error)) throw error;
      throw failure(`${name}: ${messageOf(error)}`, join(dataDir, 'logs'));
    }
  };

  const exactlyOnce = exactlyOnceFrom(env);
  const context = { ports, dataDir, passwordOf: passwordFrom(env), exactlyOnce, supervisor, step, log };
  const infrastructure = startInfrastructure(options, supervisor, step, await provideInfrastructure(context));
  if (options.onlyInfrastructure === true) {
    await infrastructure;
  } else {
    // The pages are built while the JVMs start.
    await Promise.all([infrastructure, step('pages are built', () => ensureWebPages(supervisor.signal))]);
    await startServices(options, supervisor, step);
  }
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
    const connect = {
      url: urlsOf(ports).connect,
      withinMs: 90_000,
      signal: supervisor.signal,
      log: supervisor.logFile('connect'),
    };
    // In parallel, so that the worker starts the three tasks in one rebalance.
    const outcomes = await Promise.all(
      serviceNames.map((service) =>
        options.provisionConnector(target(service), slots.get(service) ?? 'missing', connect),
      ),
    );
    for (const line of outcomes.flatMap(logLinesOf)) options.log(line);
  });
};

const startServices = async (options: BootOptions, supervisor: Supervisor, step: Step): Promise<void> => {
  mkdirSync(join(options.dataDir, 'gateway'), { recursive: true });
  mkdirSync(join(options.dataDir, 'identity'), { recursive: true, mode: 0o700 });
  const start = (name: ServiceName | Edge): Promise<void> =>
    step(`${portTopology[name].label} is ready`, () => supervisor.start(nodePart(name, options)));
  await Promise.all((['gateway', 'dashboard', ...serviceNames] as const).map(start));
  await start('auditor');
  const awaitConnected = (name: ServiceName | 'auditor'): Promise<boolean> =>
    until(
      {
        what: `${portTopology[name].label} to read its events`,
        withinMs: 60_000,
        signal: supervisor.signal,
        log: join(options.dataDir, 'logs', `${name}.log`),
      },
      () => isConnected(name, options.ports),
    );
  await step('every service reads its events', () =>
    Promise.all(([...serviceNames, 'auditor'] as const).map(awaitConnected)),
  );
};
