// Supervision: every part is a child in a session of its own, is ready only when its probe says so, is started again
// with back-off when it dies afterwards, and is stopped in order. The guardian knows every child, so none can outlive
// this process. A terminal's Ctrl-C reaches this process alone, which is what makes an ordered stop possible.
import { spawn, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { pause, seconds, until } from './deadline.ts';
import { failure, isStopped, messageOf, stopped } from '../../../services/platform/process/failure.ts';
import { identityOf, isAlive, killAll, stopInStages, type Child } from './processes.ts';
import type { GuardianOrder } from './guardian.ts';

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

export interface Part {
  readonly name: string;
  /** How a person calls it. */
  readonly label: string;
  readonly ports: readonly number[];
  /** Evaluated before every start, so that it can clear what a crash has left behind. */
  readonly command: () => Command;
  readonly ready: () => Promise<boolean>;
  readonly readyWithinMs: number;
  readonly stage: number;
  readonly stopSignal?: 'SIGTERM' | 'SIGINT';
  readonly graceMs: number;
}

/** A part but for the way it is run: how it is called, when it is ready, in which order it stops. */
export type PartDescription = Omit<Part, 'command'>;

export type PartState = 'starting' | 'ready' | 'restarting' | 'stopping' | 'stopped';

export interface PartStatus {
  readonly label: string;
  readonly state: PartState;
  readonly pid: number | undefined;
  readonly identity: string | undefined;
  readonly ports: readonly number[];
  readonly restarts: number;
  readonly startedAt: string | undefined;
  readonly log: string;
}

/** The content of `stack.json`: what runs where, for tests and for the dashboard. */
export interface StackStatus {
  readonly pid: number;
  readonly identity: string | undefined;
  readonly state: 'starting' | 'ready' | 'stopping';
  readonly startedAt: string;
  readonly parts: Readonly<Record<string, PartStatus>>;
}

export interface RunOptions extends Command {
  readonly name: string;
  readonly withinMs: number;
  /** Receives every complete line of the output, which goes to the log as well. */
  readonly onLine?: (line: string) => void;
}

export interface Supervisor {
  readonly logFile: (name: string) => string;
  /** Starts a part and returns once it is ready; from then on it is kept running. */
  readonly start: (part: Part) => Promise<void>;
  /** Runs a command to its end. Answers the exit code. */
  readonly run: (options: RunOptions) => Promise<number>;
  readonly ready: () => void;
  readonly status: () => StackStatus;
  readonly stop: () => Promise<void>;
  /** Kills everything without grace. */
  readonly kill: () => void;
  /** Aborted as soon as the stack is to stop. */
  readonly signal: AbortSignal;
}

const maxLogBytes = 8 * 1024 * 1024;
const backOffMs = [500, 1_000, 2_000, 4_000, 8_000, 15_000];
/** A part that has been ready for this long starts again with the shortest back-off. */
const steadyMs = 30_000;

const rotate = (file: string): void => {
  if (existsSync(file) && statSync(file).size > maxLogBytes) renameSync(file, `${file}.1`);
};

/** Bounds a log that is being written: the writer appends, so the file can be cut under it. */
const cut = (file: string): void => {
  if (!existsSync(file) || statSync(file).size <= 4 * maxLogBytes) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
};

const writeAtomically = (file: string, content: string): void => {
  const temporary = `${file}.${String(process.pid)}`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
};

interface Marker {
  readonly pid: number;
  readonly identity: string;
}

const readMarker = (file: string): Marker | undefined => {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('identity' in value))
      return undefined;
    const { pid, identity } = value;
    return typeof pid === 'number' && typeof identity === 'string' ? { pid, identity } : undefined;
  } catch {
    return undefined;
  }
};

const stackFile = (dataDir: string): string => join(dataDir, 'stack.json');
const lockFile = (dataDir: string): string => join(dataDir, 'supervisor.lock');
const guardianFile = (dataDir: string): string => join(dataDir, 'guardian.lock');

/** The pid of the supervisor that runs on a data folder, if one does. */
export const runningOn = (dataDir: string): number | undefined => {
  const marker = readMarker(lockFile(dataDir));
  return marker !== undefined && isAlive(marker) ? marker.pid : undefined;
};

/** Waits until the guardian of a killed supervisor has stopped what that one left. */
const awaitGuardian = async (dataDir: string, log: (line: string) => void): Promise<void> => {
  const guardian = readMarker(guardianFile(dataDir));
  if (guardian === undefined || !isAlive(guardian)) return;
  log('the previous run was killed; waiting until its guardian has stopped its processes');
  await until(
    {
      what: 'the guardian of the previous run',
      withinMs: 90_000,
      log: join(dataDir, 'logs', 'guardian.log'),
    },
    () => Promise.resolve(!isAlive(guardian)),
  );
};

/** Children of a run that ended together with its guardian: found in `stack.json`, told apart by their start time. */
const leftovers = (dataDir: string): Child[] => {
  try {
    const value: unknown = JSON.parse(readFileSync(stackFile(dataDir), 'utf8'));
    if (typeof value !== 'object' || value === null || !('children' in value)) return [];
    if (!Array.isArray(value.children)) return [];
    const children: readonly unknown[] = value.children;
    return children.filter(isChild).filter(isAlive);
  } catch {
    return [];
  }
};

const isChild = (value: unknown): value is Child =>
  typeof value === 'object' &&
  value !== null &&
  'pid' in value &&
  typeof value.pid === 'number' &&
  'identity' in value &&
  typeof value.identity === 'string' &&
  'stage' in value &&
  'stopSignal' in value &&
  'graceMs' in value;

const takeLock = (dataDir: string): void => {
  const file = lockFile(dataDir);
  const mine = JSON.stringify({ pid: process.pid, identity: identityOf(process.pid) ?? '' });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      writeFileSync(file, mine, { flag: 'wx' });
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      const pid = runningOn(dataDir);
      if (pid !== undefined)
        throw failure(`OrderFlow is already running on ${dataDir} (pid ${String(pid)}); stop it first`);
      rmSync(file, { force: true });
    }
  }
  throw failure(`another start is under way on ${dataDir}; wait for it or stop it first`);
};

/** Whether a folder has been a data folder of a stack, so that a mistyped path is never wiped. */
export const looksLikeOurs = (dataDir: string): boolean =>
  readdirSync(dataDir).length === 0 || existsSync(join(dataDir, 'logs', 'guardian.log'));

/** Ends what a killed run has left behind: by waiting for its guardian, or itself where that was killed too. */
export const stopLeftovers = async (dataDir: string, log: (line: string) => void): Promise<void> => {
  const orphans = leftovers(dataDir);
  await awaitGuardian(dataDir, log);
  if (!orphans.some(isAlive)) return;
  log('a previous run left processes behind; stopping them');
  await stopInStages(orphans, () => undefined);
};

/**
 * Takes the data folder for this process and gets rid of what an earlier run may have left. Throws a failure when
 * another supervisor runs on it.
 */
export const createSupervisor = async (dataDir: string, log: (line: string) => void): Promise<Supervisor> => {
  const logs = join(dataDir, 'logs');
  mkdirSync(logs, { recursive: true });
  const logFile = (name: string): string => join(logs, `${name}.log`);
  takeLock(dataDir);
  try {
    await stopLeftovers(dataDir, log);
  } catch (error) {
    rmSync(lockFile(dataDir), { force: true });
    throw error;
  }

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

  // The guardian is told of every child before anything else happens to it.
  let guardian: ChildProcess | undefined;
  const startGuardian = (): void => {
    const file = logFile('guardian');
    rotate(file);
    const out = openSync(file, 'a');
    const started = spawn(
      process.execPath,
      ['--max-old-space-size=24', join(import.meta.dirname, 'guardian.ts')],
      { detached: true, stdio: ['pipe', out, out], env: {}, cwd: dataDir },
    );
    closeSync(out);
    started.unref();
    if (started.stdin instanceof Socket) {
      started.stdin.unref();
      // A guardian that has just died; its successor is told everything again.
      started.stdin.on('error', () => undefined);
    }
    started.on('error', () => undefined);
    started.on('exit', () => {
      if (guardian === started && !isStopping()) startGuardian();
    });
    guardian = started;
    if (started.pid !== undefined)
      writeAtomically(
        guardianFile(dataDir),
        JSON.stringify({ pid: started.pid, identity: identityOf(started.pid) ?? '' }),
      );
    tellGuardian(false);
  };
  const tellGuardian = (done: boolean): void => {
    const order: GuardianOrder = {
      children: [...children.values()],
      markers: [lockFile(dataDir), guardianFile(dataDir), stackFile(dataDir)],
      done,
    };
    guardian?.stdin?.write(`${JSON.stringify(order)}\n`);
  };
  const publish = (): void => {
    tellGuardian(false);
    writeAtomically(
      stackFile(dataDir),
      JSON.stringify({ ...status(), children: [...children.values()] }, undefined, 2),
    );
  };
  startGuardian();
  publish();

  const logCutter = setInterval(() => {
    for (const name of parts.keys()) cut(logFile(name));
  }, 60_000);
  logCutter.unref();

  const change = (name: string, next: Partial<PartStatus>): void => {
    const now = parts.get(name);
    if (now === undefined) return;
    parts.set(name, { ...now, ...next });
    publish();
  };

  interface Launched {
    readonly process: ChildProcess;
    readonly pid: number;
    /** Resolves with a description of the end, once. */
    readonly ended: Promise<string>;
  }

  const launch = (
    name: string,
    command: Command,
    stop: Pick<Child, 'stage' | 'stopSignal' | 'graceMs'>,
    onLine?: (line: string) => void,
  ): Launched => {
    if (isStopping()) throw stopped();
    const file = logFile(name);
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
      let rest = '';
      child.stdout.setEncoding('utf8');
      child.stdout.on('data', (text: string) => {
        writeFileSync(file, text, { flag: 'a' });
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
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
    const { pid } = child;
    if (pid === undefined) return { process: child, pid: 0, ended };
    children.set(pid, { name, pid, identity: identityOf(pid) ?? '', ...stop });
    tellGuardian(false);
    void ended.then(() => {
      children.delete(pid);
      tellGuardian(false);
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

  /** Waits until a part answers. Throws when it ends first or does not answer in time. */
  const awaitReady = async (part: Part, child: Launched): Promise<void> => {
    const ends: string[] = [];
    void child.ended.then((how) => ends.push(how));
    await until(
      {
        what: part.label,
        withinMs: part.readyWithinMs,
        signal: abort.signal,
        log: logFile(part.name),
      },
      async () => {
        const answered = await part.ready().catch(() => false);
        // Ready must be the answer of this process: a stranger on its port would not have let it live.
        const [end] = ends;
        if (end !== undefined)
          throw failure(`${part.label} ended before it was ready (${end})`, logFile(part.name));
        return answered;
      },
    );
  };

  const keepRunning = async (part: Part, first: Launched): Promise<void> => {
    let child = first;
    let attempt = 0;
    let restarts = 0;
    for (;;) {
      const readyAt = performance.now();
      let how = await child.ended;
      if (performance.now() - readyAt > steadyMs) attempt = 0;
      for (let ready = false; !ready;) {
        if (isStopping()) return;
        const wait = backOffMs[Math.min(attempt, backOffMs.length - 1)] ?? 15_000;
        attempt += 1;
        restarts += 1;
        change(part.name, { state: 'restarting', pid: undefined, identity: undefined, restarts });
        log(`${part.label} died (${how}); starting it again in ${seconds(wait)}`);
        await pause(wait, abort.signal);
        const began = performance.now();
        child = launchPart(part, 'restarting');
        try {
          await awaitReady(part, child);
          ready = true;
        } catch (error) {
          if (isStopped(error) || isStopping()) return;
          killAll([...children.values()].filter(({ pid }) => pid === child.pid));
          await child.ended;
          how = messageOf(error);
          continue;
        }
        change(part.name, { state: 'ready' });
        log(
          `${part.label} is back after ${seconds(performance.now() - began)} (restart ${String(restarts)})`,
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
    const tooLate = setTimeout(() => {
      killAll([...children.values()].filter(({ pid }) => pid === child.pid));
    }, options.withinMs);
    try {
      const how = await child.ended;
      if (isStopping()) throw stopped();
      if (child.process.exitCode === null && child.process.signalCode === null)
        throw failure(`could not run ${options.command}: ${how}`);
      return child.process.exitCode ?? 1;
    } finally {
      clearTimeout(tooLate);
    }
  };

  let stopping: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    abort.abort();
    state = 'stopping';
    clearInterval(logCutter);
    for (const [name, part] of parts) parts.set(name, { ...part, state: 'stopping' });
    publish();
    await stopInStages([...children.values()], log);
    tellGuardian(true);
    guardian?.stdin?.end();
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
