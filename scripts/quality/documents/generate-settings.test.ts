// SETTINGS.md lists every setting, and services/ and scripts/ read no other variable, apart from those of npm and the system.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shapes, settingsDrift, stackSettings } from './generate-settings.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|tsx|mjs|js)$/.test(file) && !/\.test\.tsx?$/.test(file))
    .filter((file) => !file.includes('node_modules'))
    .map((file) => join(folder, file));
const textOf = (file: string): string =>
  readFileSync(join(root, file), 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(\/\/|\*|\/\*\*)/.test(line))
    .join('\n');

describe('the table of settings', () => {
  it('is up to date', () => {
    expect(settingsDrift()).toBeUndefined();
  });

  it('lists every process that has a main.ts', () => {
    const mains = sources('services').filter((file) => file.endsWith('/main.ts'));
    expect(mains.map((file) => file.split('/')[1]).sort()).toEqual(Object.keys(shapes).sort());
  });

  it('describes every setting in a sentence', () => {
    const all = [...Object.values(shapes).flatMap((shape) => Object.values(shape)), ...stackSettings];
    for (const { env, description } of all) expect(description, env).toMatch(/^[A-Z].{8,}\.$/);
  });

  it('has every variable only once per process', () => {
    for (const shape of Object.values(shapes)) {
      const variables = Object.values(shape).map(({ env }) => env);
      expect(variables).toEqual([...new Set(variables)]);
    }
  });
});

describe('the environment', () => {
  // Variables of npm, the shell and the operating system need no description.
  const allowed = new Set([
    ...['PATH', 'HOME', 'TMPDIR', 'XDG_CACHE_HOME'],
    ...['npm_execpath', 'npm_lifecycle_event'],
    ...stackSettings.map(({ env }) => env),
  ]);

  it('is read in services/ only by the main.ts of each process, through the settings shape of the process', () => {
    const readers = sources('services').filter((file) => /process\s*\.\s*env\b|process\[/.test(textOf(file)));
    const mains = sources('services').filter((file) => file.endsWith('/main.ts'));
    expect(readers).toEqual(mains);
    for (const main of mains) {
      const text = textOf(main);
      expect(text.match(/process\.env/g), main).toHaveLength(1);
      expect(text, main).toMatch(/readConfig\(shape, process\.env/);
      expect(text, main).toContain("from './settings.ts'");
    }
  });

  it('is read in scripts/ only for variables that SETTINGS.md lists, and those of npm and the system', () => {
    const read = sources('scripts').flatMap((file) =>
      [...textOf(file).matchAll(/\benv(?:\.|\[['"])([A-Z][A-Z0-9_]+|npm_\w+)\b/g)].map(
        ([, name = '']) => name,
      ),
    );
    expect(read.length).toBeGreaterThan(5);
    expect([...new Set(read)].filter((name) => !allowed.has(name))).toEqual([]);
  });
});
