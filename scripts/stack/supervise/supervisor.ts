// Starts the parts, waits until their readiness probes succeed, restarts dead parts with back-off, and stops all parts stage by
// stage. The guardian knows every child process, so none can outlive this process.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createGuardianLink } from './guardian-link.ts';
import { spawnLogged, type Spawned } from './child-process.ts';
import { pause, seconds, until } from './deadline.ts';
import { failure, isStopped, messageOf, stopped } from '../../../schemas/tools/failure.ts';
import { identityOf, killAll, stopInStages, type Child } from './processes.ts';
import type { Part, RunOptions, StackStatus, PartStatus, Command, PartState } from './part.ts';
import { acquireLock, lockFile, writeAtomically, guardianFile, stackFile } from './data-folder-lock.ts';
import { rotate, truncateLarge } from './log-files.ts';

export interface Supervisor {
  readonly logFile: (name: string) => string;
  /** Starts a part and returns once it is ready. From then on the part is restarted whenever it dies. */
  readonly start: (part: Part) => Promise<void>;
  /** Runs a command to its end and returns the exit code; 1 when a signal ended the command, for example after `withinMs`. */
  readonly run: (options: RunOptions) => Promise<number>;
  readonly ready: () => void;
  readonly status: () => StackStatus;
  readonly stop: () => Promise<void>;
  /** Kills every child process with SIGKILL. */
  readonly kill: () => void;
  /** Aborted when the stack begins to stop. */
  readonly signal: AbortSignal;
}

const backOffMs = [500, 1_000, 2_000, 4_000, 8_000, 15_000];
/** After a part was ready for this long, the next restart uses the shortest back-off. */
const steadyMs = 30_000;

interface Launched extends Spawned {
  readonly pid: number;
}

/**
 * Locks the data folder and stops the processes that an earlier run left behind. Throws a failure when another supervisor uses
 * the folder.
 */
export const createSupervisor = async (dataDir: string, log: (line: string) => void): Promise<Supervisor> => {
  const logs = join(dataDir, 'logs');
  mkdirSync(logs, { recursive: true });
  const logFile = (name: string): string => join(logs, `${name}.log`);
  await acquireLock(dataDir, log);

  const abort = new AbortController();
  const startedAt = new Date().toISOString();
  const identity = identityOf(process.pid);
  const parts = new Map<string, PartStatus>();
  const children = new Map<number, Child>();
  let state: StackStatus['state'] = 'starting';
  const isStopping = (): boolean => abort.signal.aborted;

  const status = (): StackStatus => ({
    pid: process.pid,
    identity,
    state,
    startedAt,
    parts: Object.fromEntries(parts),
  });

  const guardian = createGuardianLink(
    { dataDir, log: logFile('guardian'), children: () => [...children.values()] },
    isStopping,
  );
  const publish = (): void => {
    guardian.sendChildren(false);
    writeAtomically(
      stackFile(dataDir),
      JSON.stringify({ ...status(), children: [...children.values()] }, undefined, 2),
    );
  };
  guardian.start();
  publish();

  const logTimer = setInterval(() => {
    for (const name of parts.keys()) truncateLarge(logFile(name));
  }, 60_000);
  logTimer.unref();

  const change = (name: string, next: Partial<PartStatus>): void => {
    const current = parts.get(name);
    if (current === undefined) return;
    parts.set(name, { ...current, ...next });
    publish();
  };

  const launch = (
    name: string,
    command: Command,
    stop: Pick<Child, 'stage' | 'stopSignal' | 'graceMs'>,
    onLine?: (line: string) => void,
  ): Launched => {
    if (isStopping()) throw stopped();
    const { process: child, ended } = spawnLogged(command, logFile(name), onLine);
    const { pid } = child;
    if (pid === undefined) return { process: child, pid: 0, ended };
    children.set(pid, { name, pid, identity: identityOf(pid) ?? '', ...stop });
    // The guardian gets the new list at once, so that the child cannot outlive this process.
    guardian.sendChildren(false);
    void ended.then(() => {
      children.delete(pid);
      guardian.sendChildren(false);
    });
    return { process: child, pid, ended };
  };

  const launchPart = (part: Part, state: PartState): Launched => {
    const child = launch(part.name, part.command(), {
      stage: part.stage,
      stopSignal: part.stopSignal ?? 'SIGTERM',
      graceMs: part.graceMs,
    });
    change(part.name, {
      state,
      pid: child.pid,
      identity: identityOf(child.pid),
      startedAt: new Date().toISOString(),
    });
    return child;
  };

  /** Waits until the probe succeeds. Throws when the process ends first or the time is up. */
  const awaitReady = async (part: Part, child: Launched): Promise<void> => {
    const ends: string[] = [];
    void child.ended.then((reason) => ends.push(reason));
    await until(
      {
        what: part.label,
        withinMs: part.readyWithinMs,
        signal: abort.signal,
        log: logFile(part.name),
      },
      async () => {
        const answered = await part.ready().catch(() => false);
        // The answer may come from another process that uses the port. In that case this child has ended.
        const [end] = ends;
        if (end !== undefined)
          throw failure(`${part.label} ended before it was ready (${end})`, logFile(part.name));
        return answered;
      },
    );
  };

  const killLaunched = ({ pid }: Launched): void => {
    killAll([...children.values()].filter((child) => child.pid === pid));
  };

  const keepRunning = async (part: Part, first: Launched): Promise<void> => {
    let child = first;
    let attempt = 0;
    let restarts = 0;
    for (;;) {
      const readyAt = performance.now();
      let reason = await child.ended;
      if (performance.now() - readyAt > steadyMs) attempt = 0;
      for (let ready = false; !ready;) {
        if (isStopping()) return;
        const wait = backOffMs[Math.min(attempt, backOffMs.length - 1)] ?? 15_000;
        attempt += 1;
        restarts += 1;
        change(part.name, { state: 'restarting', pid: undefined, identity: undefined, restarts });
        log(`${part.label} does not run (${reason}); restarting it in ${seconds(wait)}`);
        await pause(wait, abort.signal);
        const began = performance.now();
        child = launchPart(part, 'restarting');
        try {
          await awaitReady(part, child);
          ready = true;
        } catch (error) {
          if (isStopped(error) || isStopping()) return;
          killLaunched(child);
          await child.ended;
          reason = messageOf(error);
          continue;
        }
        change(part.name, { state: 'ready' });
        log(
          `${part.label} is ready again after ${seconds(performance.now() - began)} (restart ${String(restarts)})`,
        );
      }
    }
  };

  const start = async (part: Part): Promise<void> => {
    if (isStopping()) throw stopped();
    rotate(logFile(part.name));
    parts.set(part.name, {
      label: part.label,
      state: 'starting',
      pid: undefined,
      identity: undefined,
      ports: part.ports,
      restarts: 0,
      startedAt: undefined,
      log: logFile(part.name),
    });
    const child = launchPart(part, 'starting');
    await awaitReady(part, child);
    change(part.name, { state: 'ready' });
    keepRunning(part, child).catch((error: unknown) => {
      if (!isStopped(error)) log(`${part.label} is no longer supervised: ${messageOf(error)}`);
    });
  };

  const run = async (options: RunOptions): Promise<number> => {
    rotate(logFile(options.name));
    const child = launch(
      options.name,
      options,
      { stage: 9, stopSignal: 'SIGTERM', graceMs: 3_000 },
      options.onLine,
    );
    const timeout = setTimeout(() => {
      killLaunched(child);
    }, options.withinMs);
    try {
      const reason = await child.ended;
      if (isStopping()) throw stopped();
      if (child.process.exitCode === null && child.process.signalCode === null)
        throw failure(`could not run ${options.command}: ${reason}`);
      return child.process.exitCode ?? 1;
    } finally {
      clearTimeout(timeout);
    }
  };

  let stopping: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    abort.abort();
    state = 'stopping';
    clearInterval(logTimer);
    for (const [name, part] of parts) parts.set(name, { ...part, state: 'stopping' });
    publish();
    await stopInStages([...children.values()], log);
    guardian.sendChildren(true);
    guardian.end();
    for (const file of [stackFile(dataDir), guardianFile(dataDir), lockFile(dataDir)])
      rmSync(file, { force: true });
  };

  return {
    logFile,
    start,
    run,
    ready: () => {
      state = 'ready';
      publish();
    },
    status,
    stop: () => (stopping ??= stopAll()),
    kill: () => {
      abort.abort();
      killAll([...children.values()]);
    },
    signal: abort.signal,
  };
};
