// Checks the preconditions of the embedded stack before the first process starts: ports, disk space, JDK and Maven. Each failure
// names the remedy.
import { accessSync, constants, existsSync, mkdirSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { cacheRoot, checkMaven, haveArtefacts } from './parts/artefacts.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';
import { findJdk, type Jdk } from './parts/java.ts';
import { isFree, portNames } from './ports.ts';
import { ports as topology, type Ports } from './topology.ts';

const neededGiB = 2;

/** Creates the data folder and checks that it can be written. */
export const checkDataFolder = (dataDir: string): void => {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o755 });
    accessSync(dataDir, constants.W_OK);
  } catch (error) {
    throw failure(
      `the data folder ${dataDir} cannot be written (${messageOf(error)}); set ORDERFLOW_DATA to a folder that you can write`,
    );
  }
};

const existingAncestor = (path: string): string =>
  existsSync(path) ? path : existingAncestor(dirname(path));

const checkSpace = (path: string, label: string, variable: string): void => {
  const { bavail, bsize } = statfsSync(existingAncestor(path));
  const free = (bavail * bsize) / 1024 ** 3;
  if (free < neededGiB)
    throw failure(
      `${label} ${path} has ${free.toFixed(1)} GiB of free disk space and needs ${String(neededGiB)}; ` +
        `free some space or set ${variable} to a folder with more`,
    );
};

/** Throws a failure that names every port that is in use. */
export const checkPorts = async (ports: Ports): Promise<void> => {
  const conflicts: string[] = [];
  for (const name of portNames) {
    if (await isFree(ports[name])) continue;
    const { label, env } = topology[name];
    conflicts.push(
      `Port ${String(ports[name])} (${label}) is in use; stop the process that listens on it or set ${env} to a free port`,
    );
  }
  if (conflicts.length > 0) throw failure(conflicts.join('\n'));
};

export const preflight = async (ports: Ports, dataDir: string): Promise<Jdk> => {
  checkSpace(dataDir, 'the data folder', 'ORDERFLOW_DATA');
  await checkPorts(ports);
  const jdk = findJdk();
  if (!haveArtefacts()) {
    checkSpace(cacheRoot(), 'the cache', 'ORDERFLOW_CACHE');
    checkMaven();
  }
  return jdk;
};
