// The boot of the whole system: each step begins when what it needs is there and no later, and any failure stops what
// has been started. `npm start` and the tests both come through here, so there is one order of events and it is tested.
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
import { sentencesOf, type ProvisionConnector } from './provision/connector.ts';
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

  const exactlyOnce = exactlyOnceFrom(env);
  const site = { ports, dataDir, passwordOf: passwordFrom(env), exactlyOnce, supervisor, step, log };
  const infrastructure = startInfrastructure(options, supervisor, step, await provideInfrastructure(site));
  if (options.onlyInfrastructure === true) {
    await infrastructure;
  } else {
    // Built while the JVMs boot.
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
    const wait = { withinMs: 90_000, signal: supervisor.signal, log: supervisor.logFile('connect') };
    const connect = { ...wait, url: urlsOf(ports).connect };
    // Side by side: each waits for its own task, and the worker assigns them in one go.
    const outcomes = await Promise.all(
      serviceNames.map((service) =>
        options.provisionConnector(target(service), slots.get(service) ?? 'missing', connect),
      ),
    );
    for (const sentence of outcomes.flatMap(sentencesOf)) options.log(sentence);
  });
};

const startServices = async (options: BootOptions, supervisor: Supervisor, step: Step): Promise<void> => {
  mkdirSync(join(options.dataDir, 'gateway'), { recursive: true });
  mkdirSync(join(options.dataDir, 'identity'), { recursive: true, mode: 0o700 });
  const start = (name: ServiceName | Edge): Promise<void> =>
    step(`${portTopology[name].what} is ready`, () => supervisor.start(nodePart(name, options)));
  await Promise.all((['gateway', 'dashboard', ...serviceNames] as const).map(start));
  await start('auditor');
  const connect = (name: ServiceName | 'auditor'): Promise<boolean> =>
    until(
      {
        what: `${portTopology[name].what} to read its events`,
        withinMs: 60_000,
        signal: supervisor.signal,
        log: join(options.dataDir, 'logs', `${name}.log`),
      },
      () => isConnected(name, options.ports),
    );
  await step('every service reads its events', () =>
    Promise.all(([...serviceNames, 'auditor'] as const).map(connect)),
  );
};
