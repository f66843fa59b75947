// The project's commands as an operator runs them, against the stack of this test run.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { portNames } from '../../scripts/stack/ports.ts';
import { ports as portTopology } from '../../scripts/stack/topology.ts';
import { stack } from './shop.ts';

const root = join(import.meta.dirname, '..', '..');
const environment = Object.fromEntries(
  portNames.map((name) => [portTopology[name].env, String(stack.ports[name])]),
);

export type CommandName = 'audit' | 'reconcile' | 'connectors' | 'doctor' | 'recover';

export interface Finished {
  readonly code: number | null;
  readonly output: string;
}

/** `seen` gets everything said so far, whenever more is said. */
export const runCommand = (
  command: CommandName,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  seen: (output: string, child: ChildProcess) => void = () => undefined,
): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const script = join(root, 'scripts', `${command}.ts`);
    const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', script, ...args], {
      cwd: root,
      env: { ...process.env, ...environment, ...env },
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      seen(output, child);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, output });
    });
  });
