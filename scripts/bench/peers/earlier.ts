// Checks out an earlier commit of this project, starts it and measures it, for a comparison on the same machine.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { failure, reasonOf } from '../../../schemas/tools/failure.ts';
import { freePorts, portNames } from '../../stack/ports.ts';
import { ports as portTopology } from '../../stack/topology.ts';
import type { Say } from '../own-stack.ts';
import { startedSystem, type System } from '../system.ts';

const projectRoot = join(import.meta.dirname, '..', '..', '..');
const startWithinMs = 10 * 60_000;
const stopsWithinMs = 60_000;

interface Checkout {
  readonly folder: string;
  readonly remove: () => void;
}

/** A work tree of the commit in a temporary folder. Throws a failure when the repository does not contain the commit. */
export const checkOut = (commit: string): Checkout => {
  const folder = mkdtempSync(join(tmpdir(), 'orderflow-earlier-'));
  const git = (...args: string[]): void => {
    execFileSync('git', ['-C', projectRoot, ...args], { stdio: 'pipe' });
  };
  try {
    git('worktree', 'add', '--force', '--detach', folder, commit);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw failure(`the commit ${commit} cannot be checked out (${reasonOf(error)}); fetch the whole history`);
  }
  return {
    folder,
    remove: () => {
      git('worktree', 'remove', '--force', folder);
    },
  };
};

/** Starts the version in `folder`, measures it and stops it. The first start installs its packages. */
export const onEarlierVersion = async <T>(
  { folder }: Checkout,
  say: Say,
  measure: (system: System) => Promise<T>,
): Promise<T> => {
  const [ports, dataDir] = [await freePorts(), mkdtempSync(join(tmpdir(), 'orderflow-earlier-data-'))];
  const env = {
    ...process.env,
    ...Object.fromEntries(portNames.map((name) => [portTopology[name].env, String(ports[name])])),
    ORDERFLOW_DATA: dataDir,
    RATE_LIMIT_REQUESTS: '10000000',
    HTTP_MAX_IN_FLIGHT_PER_SUBJECT: '400',
    NO_COLOR: '1',
  };
  // A new process group, so that SIGTERM reaches the launcher and the supervisor that it starts.
  const child = spawn(process.execPath, ['scripts/run.mjs', 'start'], {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const signal = (name: NodeJS.Signals): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, name);
  };
  const stop = (): void => signal('SIGTERM');
  process.once('exit', stop);
  try {
    const ready = Promise.withResolvers<undefined>();
    const timer = setTimeout(
      () => ready.reject(failure('the earlier version did not start in time')),
      startWithinMs,
    );
    void ended.then(() => ready.reject(failure('the earlier version did not start')));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes('Ctrl-C')) ready.resolve(undefined);
    });
    say('starting the earlier version …');
    await ready.promise.finally(() => clearTimeout(timer));
    return await measure(startedSystem(ports, dataDir, env));
  } finally {
    stop();
    const kill = setTimeout(() => signal('SIGKILL'), stopsWithinMs);
    await ended;
    clearTimeout(kill);
    process.off('exit', stop);
    rmSync(dataDir, { recursive: true, force: true });
  }
};
