// The lock of a data folder: one supervisor at a time uses it, and only after every process of an earlier run has ended.
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './deadline.ts';
import { errorCodeOf } from '../../../services/platform/process/error-code.ts';
import { failure } from '../../../schemas/tools/failure.ts';
import { identityOf, isAlive, stopInStages, type Child } from './processes.ts';

export const writeAtomically = (file: string, content: string): void => {
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

export const stackFile = (dataDir: string): string => join(dataDir, 'stack.json');
export const lockFile = (dataDir: string): string => join(dataDir, 'supervisor.lock');
export const guardianFile = (dataDir: string): string => join(dataDir, 'guardian.lock');

/** The pid of the supervisor that uses the data folder, if there is one. */
export const supervisorPidOf = (dataDir: string): number | undefined => {
  const marker = readMarker(lockFile(dataDir));
  return marker !== undefined && isAlive(marker) ? marker.pid : undefined;
};

/** Waits until the guardian of a killed supervisor has stopped its processes. */
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

/** The children in `stack.json` that are still alive, from a run whose guardian may have been killed too. */
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

const refuseSecond = (dataDir: string): void => {
  const pid = supervisorPidOf(dataDir);
  if (pid !== undefined)
    throw failure(`OrderFlow is already running on ${dataDir} (pid ${String(pid)}); stop it first`);
};

const writeLock = (dataDir: string): void => {
  const file = lockFile(dataDir);
  const marker = JSON.stringify({ pid: process.pid, identity: identityOf(process.pid) ?? '' });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      writeFileSync(file, marker, { flag: 'wx' });
      return;
    } catch (error) {
      if (errorCodeOf(error) !== 'EEXIST') throw error;
      refuseSecond(dataDir);
      rmSync(file, { force: true });
    }
  }
  throw failure(`another start is in progress on ${dataDir}; wait until it is ready or stop it first`);
};

/**
 * Whether the folder is empty or a data folder of a stack. `npm run reset` deletes no other folder, so a mistyped path does no
 * harm.
 */
export const isDataFolder = (dataDir: string): boolean =>
  readdirSync(dataDir).length === 0 || existsSync(join(dataDir, 'logs', 'guardian.log'));

/**
 * Stops the processes of a killed run: waits for its guardian, or stops the processes itself if the guardian was killed too. Throws
 * a failure when a supervisor uses the folder: its processes are not leftovers.
 */
export const stopLeftovers = async (dataDir: string, log: (line: string) => void): Promise<void> => {
  refuseSecond(dataDir);
  const orphans = leftovers(dataDir);
  await awaitGuardian(dataDir, log);
  if (!orphans.some(isAlive)) return;
  log('a previous run left processes behind; stopping them');
  await stopInStages(orphans, () => undefined);
};

/** Stops the processes of a killed run and locks the folder. Throws a failure when another supervisor uses it. */
export const acquireLock = async (dataDir: string, log: (line: string) => void): Promise<void> => {
  // Written last: the guardian of a killed run deletes the lock file when it ends.
  await stopLeftovers(dataDir, log);
  writeLock(dataDir);
};
