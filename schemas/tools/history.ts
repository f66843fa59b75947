// Reads the contract of the base revision from git. A release that was changed together with its golden bytes and its
// fingerprint in the lock file is consistent in itself; only the comparison with the base revision finds the change.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isEventSchema, type EventSchema } from './event-schema.ts';
import { failure } from './failure.ts';
import { readLock, releasesOf, type Contract, type LockEntry, type Release } from './releases.ts';

const run = promisify(execFile);
const git = async (root: string, ...args: readonly string[]): Promise<string | undefined> => {
  try {
    const { stdout } = await run('git', ['-C', root, ...args], {
      maxBuffer: 64 * 1024 * 1024,
      timeout: 30_000,
    });
    return stdout;
  } catch {
    return undefined;
  }
};

export interface Base {
  /** The name of the revision, such as `origin/main`. */
  readonly name: string;
  /** The commit with which the working tree is compared: the merge base. */
  readonly commit: string;
  /** The files `schemas/*.avsc` of the base. */
  readonly workingSchemas: readonly EventSchema[];
  readonly releases: readonly Release[];
  readonly lock: readonly LockEntry[];
}

/** Reads the contract at the merge base of HEAD and a revision; undefined if there is no git, no such revision or no merge base. */
const readBase = async (root: string, name: string): Promise<Base | undefined> => {
  const commit = (await git(root, 'merge-base', 'HEAD', name))?.trim();
  if (commit === undefined || commit === '') return undefined;
  const listed = (await git(root, 'ls-tree', '-r', '--name-only', '-z', commit, '--', 'schemas/')) ?? '';
  const paths = listed.split('\0').filter((path) => /\.(avsc|json)$/.test(path));
  const texts = new Map(
    await Promise.all(
      paths.map(async (path): Promise<[string, string]> => [
        path.slice('schemas/'.length),
        (await git(root, 'show', `${commit}:${path}`)) ?? '',
      ]),
    ),
  );
  const workingSchemas = [...texts].flatMap(([path, text]): EventSchema[] => {
    if (path.includes('/') || !path.endsWith('.avsc')) return [];
    const schema: unknown = JSON.parse(text);
    return isEventSchema(schema) ? [schema] : [];
  });
  const read = (path: string): string | undefined => texts.get(path);
  const { releases } = releasesOf(read);
  return { name, commit, workingSchemas, releases, lock: readLock(read(join('released', 'lock.json'))) };
};

/**
 * Reads the contract at the merge base of HEAD and the revision `name`. Throws a Failure if there is no such revision or no merge
 * base. Without a name, uses `origin/main` or else `main`, and resolves to undefined if neither has a merge base with HEAD.
 */
export const findBase = async (root: string, name?: string): Promise<Base | undefined> => {
  if (name === undefined) return (await readBase(root, 'origin/main')) ?? readBase(root, 'main');
  const base = await readBase(root, name);
  if (base === undefined)
    throw failure(
      `git has no revision "${name}" with a common ancestor; fetch it, or name another revision with --base`,
    );
  return base;
};

/** One sentence for each release of the base that the working tree has changed or removed. */
export const rewrittenReleases = (contract: Contract, base: Base, lock: readonly LockEntry[]): string[] =>
  base.lock.flatMap((baseEntry) => {
    const label = `${baseEntry.event} v${String(baseEntry.version)}`;
    const entry = lock[baseEntry.id - 1];
    if (entry?.event !== baseEntry.event || entry.version !== baseEntry.version)
      return [
        `${label} was released with the id ${String(baseEntry.id)} in ${base.name} and is missing from the lock file`,
      ];
    if (entry.schema !== baseEntry.schema || entry.golden !== baseEntry.golden)
      return [`${label} differs from its release in ${base.name}; restore it, and release a new version`];
    return contract.releases.some(({ id }) => id === baseEntry.id)
      ? []
      : [`${label} was released in ${base.name}, and its files are missing`];
  });
