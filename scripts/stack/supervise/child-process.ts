// Starts a child process in its own session, with its output in a log file. A Ctrl-C in the terminal therefore reaches only the
// supervisor, which can then stop its children in order.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { messageOf } from '../../../schemas/tools/failure.ts';
import type { Command } from './part.ts';

export interface Spawned {
  readonly process: ChildProcess;
  /** Resolves with the exit code, the signal or the spawn error. */
  readonly ended: Promise<string>;
}

/** A child without a pid could not be started; `ended` has the reason. `onLine` receives every complete line of stdout. */
export const spawnLogged = (command: Command, file: string, onLine?: (line: string) => void): Spawned => {
  const out = openSync(file, 'a');
  const child = spawn(command.command, [...command.args], {
    detached: true,
    stdio: ['ignore', onLine === undefined ? out : 'pipe', out],
    env: { ...command.env },
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    ...(command.uid === undefined ? {} : { uid: command.uid }),
    ...(command.gid === undefined ? {} : { gid: command.gid }),
  });
  closeSync(out);
  if (onLine !== undefined && child.stdout !== null) {
    let partialLine = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      writeFileSync(file, text, { flag: 'a' });
      const lines = (partialLine + text).split('\n');
      partialLine = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
  }
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(messageOf(error));
    });
    child.once('exit', (code, signal) => {
      resolve(signal ?? `exit code ${String(code)}`);
    });
  });
  return { process: child, ended };
};
