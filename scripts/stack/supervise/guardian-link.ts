// Starts the guardian, the process that stops every child when the supervisor is killed, and sends it the list of children. A
// guardian that dies while the supervisor runs is replaced.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { guardianFile, lockFile, stackFile, writeAtomically } from './data-folder-lock.ts';
import type { GuardianMessage } from './guardian.ts';
import { rotate } from './log-files.ts';
import { identityOf, type Child } from './processes.ts';

interface GuardianLink {
  readonly start: () => void;
  /** Sends the current list of children. `done` means that all have stopped, so the guardian does nothing when the pipe closes. */
  readonly sendChildren: (done: boolean) => void;
  readonly end: () => void;
}

const restartAfterMs = 250;

/** `start` starts a guardian, and starts another one whenever it dies before the stack stops. */
export const createGuardianLink = (
  {
    dataDir,
    log,
    children,
  }: { readonly dataDir: string; readonly log: string; readonly children: () => Child[] },
  isStopping: () => boolean,
): GuardianLink => {
  let guardian: ChildProcess | undefined;
  const start = (): void => {
    rotate(log);
    const out = openSync(log, 'a');
    const started = spawn(
      process.execPath,
      ['--max-old-space-size=24', join(import.meta.dirname, 'guardian.ts')],
      { detached: true, stdio: ['pipe', out, out], env: {}, cwd: dataDir },
    );
    closeSync(out);
    started.unref();
    if (started.stdin instanceof Socket) {
      started.stdin.unref();
      // A write fails when the guardian has just died; the next guardian receives the whole list.
      started.stdin.on('error', () => undefined);
    }
    started.on('error', () => undefined);
    // The pause keeps a guardian that cannot start from being started in a tight loop.
    started.on('exit', () => {
      setTimeout(() => {
        if (guardian === started && !isStopping()) start();
      }, restartAfterMs).unref();
    });
    guardian = started;
    if (started.pid !== undefined)
      writeAtomically(
        guardianFile(dataDir),
        JSON.stringify({ pid: started.pid, identity: identityOf(started.pid) ?? '' }),
      );
    sendChildren(false);
  };
  const sendChildren = (done: boolean): void => {
    const message: GuardianMessage = {
      children: children(),
      markers: [lockFile(dataDir), guardianFile(dataDir), stackFile(dataDir)],
      done,
    };
    guardian?.stdin?.write(`${JSON.stringify(message)}\n`);
  };
  return {
    start,
    sendChildren,
    end: () => {
      guardian?.stdin?.end();
    },
  };
};
