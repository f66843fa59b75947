// The marker files of a data folder. The invariant: one supervisor at a time runs on a folder, and it begins only when no
// process of an earlier run is left.
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './deadline.ts';
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

export const takeLock = (dataDir: string): void => {
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
