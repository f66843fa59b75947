// Each image must contain every file that its process imports. Without this test, a missing file would be noticed only when the
// container starts.
import { readFileSync } from 'node:fs';
import { dirname, join, matchesGlob, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');
const dockerfile = readFileSync(join(root, 'deploy', 'Dockerfile'), 'utf8');

/** The paths that a stage copies from the build context. */
const copiedIn = (stage: string): string[] =>
  [...stage.matchAll(/^COPY (?!--)(.+)$/gm)].flatMap(([, paths = '']) => paths.split(' ').slice(0, -1));

const stages = new Map(
  dockerfile
    .split(/^(?=FROM )/m)
    .map((stage): [string, string] => [/^FROM \S+ AS (\S+)/.exec(stage)?.[1] ?? '', stage]),
);
const base = stages.get('base') ?? '';
const images = [...stages].flatMap(([name, stage]) => {
  const entry = /^(?:CMD|ENTRYPOINT) .*"([\w/-]+\.ts)"\]$/m.exec(stage)?.[1];
  return entry === undefined ? [] : [{ name, entry, copied: [...copiedIn(base), ...copiedIn(stage)] }];
});

/** The files that `entry` loads, directly or indirectly. Type imports are left out, because Node removes them. */
const loadedBy = (entry: string, seen = new Set<string>()): Set<string> => {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  if (!entry.endsWith('.ts')) return seen;
  const code = readFileSync(join(root, entry), 'utf8');
  const imports =
    /^(?:import|export)(?! type)[^;]*? from '(\.[^']+)'|^import '(\.[^']+)'|import\('(\.[^']+)'\)/gm;
  for (const [, from, bare, dynamic] of code.matchAll(imports))
    loadedBy(normalize(join(dirname(entry), from ?? bare ?? dynamic ?? '')), seen);
  return seen;
};

describe('the images', () => {
  it('are those of the six processes and the jobs', () => {
    expect(images.map(({ name }) => name).sort()).toEqual([
      'auditor',
      'dashboard',
      'gateway',
      'inventory',
      'jobs',
      'order',
      'payment',
    ]);
  });

  it.each(images)('contain every file that $entry imports: $name', ({ entry, copied }) => {
    const missing = [...loadedBy(entry)].filter(
      (file) => !copied.some((path) => file === path || file.startsWith(`${path}/`)),
    );
    expect(missing).toEqual([]);
  });

  it('copy only files that .dockerignore includes in the build context', () => {
    const allowed = [...readFileSync(join(root, '.dockerignore'), 'utf8').matchAll(/^!(.+)$/gm)].map(
      ([, pattern = '']) => pattern,
    );
    const isAllowed = (path: string): boolean =>
      allowed.some(
        (pattern) =>
          matchesGlob(path, pattern) || path.startsWith(`${pattern}/`) || pattern.startsWith(`${path}/`),
      );
    expect([...stages.values()].flatMap(copiedIn).filter((path) => !isAllowed(path))).toEqual([]);
  });
});
