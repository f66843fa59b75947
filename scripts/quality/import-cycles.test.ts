// Import cycles are forbidden between files, types included, and between top-level folders. This test reads the whole import
// graph in a second; a lint rule for each file would take a minute.
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

const listFiles = ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx'];
const files = execFileSync('git', listFiles, { cwd: root })
  .toString('utf8')
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));
const byFile: Graph = new Map(files.map((file) => [file, importsOf(file)]));

/** The imports between groups of files. Files without a group are ignored. */
const groupImports = (graph: Graph, groupOf: (file: string) => string | undefined): Graph => {
  const groups = new Map<string, Set<string>>();
  for (const [file, imported] of graph) {
    const from = groupOf(file);
    if (from === undefined) continue;
    const group = groups.get(from) ?? new Set();
    groups.set(from, group);
    for (const target of [...imported].map(groupOf))
      if (target !== undefined && target !== from) group.add(target);
  }
  return groups;
};

/** The first cycle found, as a path; undefined when there is none. */
const findCycle = (graph: Graph): readonly string[] | undefined => {
  const visited = new Set<string>();
  const walk = (node: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (visited.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const cycle = walk(next, [...path, node]);
      if (cycle !== undefined) return cycle;
    }
    visited.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = walk(node, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
};

const topLevelFolder = (file: string): string | undefined =>
  file.includes('/') ? file.split('/')[0] : undefined;

describe('imports', () => {
  it('between files have no cycle', () => {
    expect(byFile.size).toBeGreaterThan(300);
    expect(findCycle(byFile)).toBeUndefined();
  });

  it('between top-level folders have no cycle; unit tests beside the code are ignored', () => {
    const code = new Map([...byFile].filter(([file]) => !file.endsWith('.test.ts')));
    const folders = groupImports(code, topLevelFolder);
    expect([...(folders.get('scripts') ?? [])].sort()).toEqual(['drizzle', 'schemas', 'services']);
    expect(findCycle(folders)).toBeUndefined();
  });

  it('that form a cycle are found', () => {
    const graph = (entries: Record<string, string[]>): Graph =>
      new Map(Object.entries(entries).map(([from, to]) => [from, new Set(to)]));
    expect(findCycle(graph({ a: ['b'], b: ['c'], c: ['b'] }))).toEqual(['b', 'c', 'b']);
    expect(findCycle(graph({ a: ['a'] }))).toEqual(['a', 'a']);
    expect(findCycle(graph({ a: ['b', 'c'], b: ['c'], c: [] }))).toBeUndefined();
  });
});
