// Fetches the Java artefacts of the stack with Maven into the cache, once, in a folder named after the hash of the pom. The
// folder is created by a final rename, so that two boots can fetch at the same time and a killed boot leaves no incomplete folder.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { seconds } from '../supervise/deadline.ts';
import { failure } from '../../../schemas/tools/failure.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import { stackVariables } from '../variables.ts';

const pom = join(import.meta.dirname, 'pom.xml');

export const cacheRoot = (env: NodeJS.ProcessEnv = process.env): string =>
  env[stackVariables.cache.env] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'orderflow');

/** The folder for the artefacts of the current pom. It exists only after they have been fetched. */
export const artefactsFolder = (env: NodeJS.ProcessEnv = process.env): string => {
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
  return join(cacheRoot(env), `java-${hash}`);
};

export const haveArtefacts = (env: NodeJS.ProcessEnv = process.env): boolean =>
  existsSync(artefactsFolder(env));

const oldestMaven = [3, 8] as const;

/** The version in the output of `mvn --version`. */
export const parseMavenVersion = (text: string): { version: string; isSupported: boolean } | undefined => {
  const version = /Apache Maven (\d+\.\d+[^\s]*)/.exec(text)?.[1];
  if (version === undefined) return undefined;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isSupported = major > oldestMaven[0] || (major === oldestMaven[0] && minor >= oldestMaven[1]);
  return { version, isSupported };
};

/** Throws a failure when `mvn` does not run or is too old. A version of an unknown form is accepted. */
export const checkMaven = (): void => {
  const needed = `Maven ${oldestMaven.join('.')} or newer`;
  let output: string;
  try {
    output = execFileSync('mvn', ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
  } catch {
    throw failure(
      `${needed} is needed to fetch Kafka and Debezium, but \`mvn\` does not run; install it and put it on the PATH`,
    );
  }
  const maven = parseMavenVersion(output);
  if (maven?.isSupported === false)
    throw failure(
      `${needed} is needed to fetch Kafka and Debezium, but \`mvn\` is ${maven.version}; install a newer one`,
    );
};

/** Fetches the artefacts unless they exist, and returns their folder. */
export const ensureArtefacts = async (
  supervisor: Supervisor,
  log: (line: string) => void,
): Promise<string> => {
  const folder = artefactsFolder();
  if (existsSync(folder)) return folder;
  checkMaven();
  mkdirSync(dirname(folder), { recursive: true });
  removeAbandoned(dirname(folder));
  const draft = `${folder}.${String(process.pid)}.tmp`;
  rmSync(draft, { recursive: true, force: true });
  const began = performance.now();
  let files = 0;
  const progress = setInterval(() => {
    log(
      `fetching Java artefacts with Maven … ${String(files)} downloads, ${seconds(performance.now() - began)}`,
    );
  }, 5_000);
  log('fetching Java artefacts with Maven (once for all clones) …');
  try {
    const code = await supervisor.run({
      name: 'maven',
      command: 'mvn',
      args: ['--batch-mode', '--file', pom, `-Dartefacts=${draft}`, 'package'],
      env: Object.fromEntries(
        Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
      ),
      withinMs: 20 * 60_000,
      onLine: (line) => {
        if (line.includes('Downloaded from ')) files += 1;
      },
    });
    if (code !== 0)
      throw failure(
        'Maven could not fetch the Java artefacts; check the network, and the mirror or proxy in ~/.m2/settings.xml, then start again',
        supervisor.logFile('maven'),
      );
    rmSync(join(draft, 'maven'), { recursive: true, force: true });
    try {
      renameSync(draft, folder);
    } catch (error) {
      // Another boot has fetched the same artefacts.
      if (!existsSync(folder)) throw error;
    }
  } finally {
    clearInterval(progress);
    rmSync(draft, { recursive: true, force: true });
  }
  log(`Java artefacts are in ${folder} (${seconds(performance.now() - began)})`);
  return folder;
};

/** Removes the drafts of killed boots. A draft is abandoned when it is older than a day, because every fetch is shorter. */
const removeAbandoned = (cache: string): void => {
  for (const name of readdirSync(cache).filter((entry) => entry.endsWith('.tmp'))) {
    const path = join(cache, name);
    // Another boot may have removed or renamed its draft meanwhile.
    const draft = statSync(path, { throwIfNoEntry: false });
    if (draft !== undefined && Date.now() - draft.mtimeMs > 24 * 60 * 60 * 1000)
      rmSync(path, { recursive: true, force: true });
  }
};
