// Runs the commands of the project against the stack of this test run. It starts the scripts directly, without npm.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { portNames } from '../../scripts/stack/ports.ts';
import { ports as portTopology, services, type ServiceName } from '../../scripts/stack/topology.ts';
import { stack } from './shop.ts';

const root = join(import.meta.dirname, '..', '..');
/** The environment variables that direct the commands to the ports of this stack. */
export const environment = Object.fromEntries(
  portNames.map((name) => [portTopology[name].env, String(stack.ports[name])]),
);

type CommandName = 'audit' | 'reconcile' | 'connectors' | 'doctor' | 'journey' | 'provision' | 'recover';

export interface CommandResult {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a command until it ends. `onOutput` is called whenever there is new output, with all output so far. */
export const runCommand = (
  command: CommandName,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  onOutput: (output: string, child: ChildProcess) => void = () => undefined,
): Promise<CommandResult> =>
  new Promise((resolve, reject) => {
    const script = join(root, 'scripts', `${command}.ts`);
    const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', script, ...args], {
      cwd: root,
      env: { ...environment, ...env },
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      onOutput(output, child);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, output });
    });
  });

export const connectors = (...args: readonly string[]): Promise<CommandResult> =>
  runCommand('connectors', args);

const doctorReport = z.object({
  findings: z.array(z.object({ area: z.string(), level: z.string(), sentence: z.string() })),
});

export const doctor = async (
  env: Readonly<Record<string, string>> = {},
): Promise<{
  readonly code: number | null;
  readonly findings: z.infer<typeof doctorReport>['findings'];
  readonly sentences: string;
}> => {
  const { code, output } = await runCommand('doctor', ['--json'], env);
  const { findings } = doctorReport.parse(JSON.parse(output));
  return { code, findings, sentences: findings.map(({ sentence }) => sentence).join('\n') };
};

export const connectorUrl = (service: ServiceName): string =>
  `${stack.urls.connect}/connectors/${services[service].connector}`;

const statusShape = z.object({
  tasks: z.array(z.object({ state: z.string(), trace: z.string().optional() })),
});

/** The status of the only task of a service's connector; undefined if the connector has no task. */
export const taskOf = async (
  service: ServiceName,
): Promise<z.infer<typeof statusShape>['tasks'][number] | undefined> =>
  statusShape.parse(await (await fetch(`${connectorUrl(service)}/status`)).json()).tasks[0];
