// Starts further instances of a process, each on its own port.
import { z } from 'zod';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach } from 'vitest';
import type { ServiceName } from '../../scripts/stack/topology.ts';
import { eventually, stack } from './shop.ts';

export interface Instance {
  readonly child: ChildProcess;
  readonly url: string;
  /** What it has logged so far. */
  readonly log: () => string;
}

const started: ChildProcess[] = [];

/** Kills every instance that a test has started. */
export const killInstances = (): void => {
  for (const child of started) child.kill('SIGKILL');
  started.length = 0;
};

/** Kills the instances of each test after it. Call it where tests are described. */
export const endInstancesAfterEach = (): void => {
  afterEach(killInstances);
};

interface InstanceOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** The folder of another version of the project, to run that one. */
  readonly tree?: string;
}

/** Starts an instance. Resolves once it listens, ready or not. */
export const spawnInstance = async (
  service: ServiceName | 'auditor',
  { settings = {}, tree }: InstanceOptions = {},
): Promise<Instance> => {
  const { command, args, env, cwd = '' } = stack.commands[service];
  const moved = tree === undefined ? args : args.map((arg) => arg.replace(cwd, tree));
  const child = spawn(command, moved, {
    cwd: tree ?? cwd,
    env: { ...env, ...settings, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
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

const healthy = z.object({ pipeline: z.record(z.string(), z.object({ status: z.literal('ok') })) });

/** True if the service at this address answers requests and reads its events. */
export const isConnected = async (url: string): Promise<boolean> => {
  const response = await fetch(`${url}/health/ready`);
  return response.ok && healthy.safeParse(await response.json()).success;
};

/** Resolves once the instance is ready, and so a member of its consumer group. */
export const instanceReady = async (instance: Instance): Promise<Instance> => {
  await eventually(`the instance at ${instance.url} is ready`, () => isConnected(instance.url), 60_000);
  return instance;
};

/** Starts an instance with its own settings. Resolves once it is ready. */
export const startInstance = async (
  service: ServiceName | 'auditor',
  settings: Readonly<Record<string, string>> = {},
  tree?: string,
): Promise<Instance> =>
  instanceReady(await spawnInstance(service, { settings, ...(tree === undefined ? {} : { tree }) }));

/** Sends the signal and resolves to the exit code. After SIGTERM the instance finishes its work first. */
export const endInstance = async ({ child }: Instance, signal: 'SIGTERM' | 'SIGKILL'): Promise<unknown> => {
  const exit = once(child, 'exit');
  child.kill(signal);
  const [code]: unknown[] = await exit;
  return code;
};
