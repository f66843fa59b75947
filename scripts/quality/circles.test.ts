// No file imports itself by way of others, types included, and no top-level folder imports another that imports it: a reader can
// start at the bottom. Whole import graph at once, which takes a rule per file a minute and this a second.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

const importsOf = (file: string): Set<string> =>
  new Set(
    ts
      .preProcessFile(readFileSync(join(root, file), 'utf8'), true, true)
      .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
      .map(({ fileName }) => normalize(join(dirname(file), fileName))),
  );

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
  cwd: root,
})
  .toString('utf8')
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));
const byFile: Graph = new Map(files.map((file) => [file, importsOf(file)]));

/** The same graph between groups of files; what lies outside of all groups is left out. */
const grouped = (graph: Graph, groupOf: (file: string) => string | undefined): Graph => {
  const groups = new Map<string, Set<string>>();
  for (const [file, imported] of graph) {
    const from = groupOf(file);
    if (from === undefined) continue;
    const group = groups.get(from) ?? new Set();
    groups.set(from, group);
    for (const to of [...imported].map(groupOf)) if (to !== undefined && to !== from) group.add(to);
  }
  return groups;
};

/** The first circle that a walk meets, as a path; undefined when there is none. */
const circleIn = (graph: Graph): readonly string[] | undefined => {
  const done = new Set<string>();
  const walk = (node: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const circle = walk(next, [...path, node]);
      if (circle !== undefined) return circle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const circle = walk(node, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
};

const topOf = (file: string): string | undefined => (file.includes('/') ? file.split('/')[0] : undefined);

describe('imports', () => {
  it('of files make no circle', () => {
    expect(byFile.size).toBeGreaterThan(300);
    expect(circleIn(byFile)).toBeUndefined();
  });

  it('of top-level folders make no circle, tests beside the code left out', () => {
    const code = new Map([...byFile].filter(([file]) => !file.endsWith('.test.ts')));
    const tops = grouped(code, topOf);
    expect([...(tops.get('scripts') ?? [])].sort()).toEqual(['drizzle', 'schemas', 'services']);
    expect(circleIn(tops)).toBeUndefined();
  });

  it('that make a circle are found', () => {
    const graph = (entries: Record<string, string[]>): Graph =>
      new Map(Object.entries(entries).map(([from, to]) => [from, new Set(to)]));
    expect(circleIn(graph({ a: ['b'], b: ['c'], c: ['b'] }))).toEqual(['b', 'c', 'b']);
    expect(circleIn(graph({ a: ['a'] }))).toEqual(['a', 'a']);
    expect(circleIn(graph({ a: ['b', 'c'], b: ['c'], c: [] }))).toBeUndefined();
  });
});
