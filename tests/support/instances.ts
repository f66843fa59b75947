// Starts additional instances of a process, each on a free port.
import { z } from 'zod';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach } from 'vitest';
import type { ServiceName } from '../../scripts/stack/topology.ts';
import { eventually, stack } from './shop.ts';

export interface Instance {
  readonly child: ChildProcess;
  readonly url: string;
  /** The log lines of the instance so far. */
  readonly log: () => string;
}

const startedProcesses: ChildProcess[] = [];

/** Kills every instance that a test has started. */
export const killInstances = (): void => {
  for (const child of startedProcesses) child.kill('SIGKILL');
  startedProcesses.length = 0;
};

/** After each test, kills the instances that the test has started. Must be called at the top level of a test file or in `describe`. */
export const killInstancesAfterEach = (): void => {
  afterEach(killInstances);
};

interface InstanceOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** The folder of another version of the project, from which the instance is started. Default: the folder of this version. */
  readonly projectFolder?: string;
}

/** Starts an instance. Resolves once it listens on its port, which can be before it is ready. */
export const spawnInstance = async (
  service: ServiceName | 'auditor',
  { settings = {}, projectFolder }: InstanceOptions = {},
): Promise<Instance> => {
  const { command, args, env, cwd = '' } = stack.commands[service];
  const instanceArgs =
    projectFolder === undefined ? args : args.map((arg) => arg.replace(cwd, projectFolder));
  const child = spawn(command, instanceArgs, {
    cwd: projectFolder ?? cwd,
    env: { ...env, ...settings, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  startedProcesses.push(child);
  let text = '';
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => {
      reject(new Error(`the instance ended with ${String(code)}: ${text}`));
    });
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const listening = /"message":"listening".*?"port":(\d+)/.exec(text);
      if (listening) resolve(Number(listening[1]));
    });
  });
  return { child, url: `http://127.0.0.1:${port}`, log: () => text };
};

const healthyReport = z.object({ pipeline: z.record(z.string(), z.object({ status: z.literal('ok') })) });

/** Whether the process at this address is ready and all checks of its `pipeline` succeed (of a service: Kafka and registry). */
export const isConnected = async (url: string): Promise<boolean> => {
  const response = await fetch(`${url}/health/ready`);
  return response.ok && healthyReport.safeParse(await response.json()).success;
};

/** Waits until the instance is ready and its `pipeline` works. An instance of a service is then a member of its consumer group. */
export const waitUntilReady = async (instance: Instance): Promise<Instance> => {
  await eventually(`the instance at ${instance.url} is ready`, () => isConnected(instance.url), 60_000);
  return instance;
};

/** Starts an instance with the given settings. Resolves once it is ready. */
export const startInstance = async (
  service: ServiceName | 'auditor',
  settings: Readonly<Record<string, string>> = {},
  projectFolder?: string,
): Promise<Instance> =>
  waitUntilReady(
    await spawnInstance(service, { settings, ...(projectFolder === undefined ? {} : { projectFolder }) }),
  );

/**
 * Sends the signal and resolves to the exit code; null after SIGKILL. On SIGTERM the instance finishes its current work before it
 * exits.
 */
export const stopInstance = async ({ child }: Instance, signal: 'SIGTERM' | 'SIGKILL'): Promise<unknown> => {
  const exit = once(child, 'exit');
  child.kill(signal);
  const [code]: unknown[] = await exit;
  return code;
};
