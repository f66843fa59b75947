// A workflow runs where nobody can try it before the push. So each of its jobs is one npm script, which can be tried anywhere,
// and this holds what is left in the files: that the scripts are there, and that no job may do, or take, more than it needs.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, '.github', 'workflows');
const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);
const workflows = readdirSync(folder)
  .sort()
  .map((file) => [file, readFileSync(join(folder, file), 'utf8')] as const);
const jobsOf = (text: string): readonly string[] =>
  (text.split(/^jobs:\n/m)[1] ?? '').split(/^ {2}(?=[\w-]+:$)/m).filter((job) => job !== '');
/** The commands of a job, of a line or of a block. */
const commandsOf = (job: string): readonly string[] =>
  [...job.matchAll(/^( +)(?:- )?run: (?:\|\n((?:\1 {2,}.*\n?)+)|(.+))/gm)].flatMap(([, , block, line]) =>
    (block ?? line ?? '').split('\n').flatMap((command) => command.split(/&&|;/)),
  );
const scriptsIn = (commands: readonly string[]): readonly string[] =>
  commands.flatMap((command) => {
    const [, named, short] = /\bnpm (?:run (?:--silent )?([\w:-]+)|(test|start)\b)/.exec(command) ?? [];
    return named ?? short ?? [];
  });

describe('the workflows', () => {
  it('are of YAML that names a job each', () => {
    expect(workflows.length).toBeGreaterThan(4);
    for (const [file, text] of workflows) expect(jobsOf(text), file).not.toEqual([]);
  });

  it.each(workflows)('%s runs npm scripts that there are', (_, text) => {
    for (const job of jobsOf(text)) {
      const names = scriptsIn(commandsOf(job));
      expect(names, job).not.toEqual([]);
      expect(
        names.filter((name) => !(name in scripts)),
        job,
      ).toEqual([]);
    }
  });

  it('run all that there is to be run by itself', () => {
    const run = workflows.flatMap(([, text]) => scriptsIn(jobsOf(text).flatMap(commandsOf)));
    for (const name of [
      'check',
      'alerts',
      'test',
      'test:docker',
      'test:faults',
      'schemas',
      'audit:dependencies',
    ])
      expect(run).toContain(name);
  });

  it.each(workflows)('%s may read, and write no more than its one comment', (file, text) => {
    const granted = /^permissions:\n((?: {2}.+\n)+)/m.exec(text)?.[1]?.trim().split(/\n */);
    expect(granted).toEqual(
      file === 'schema-review.yml' ? ['contents: read', 'pull-requests: write'] : ['contents: read'],
    );
    expect(text).not.toContain('pull_request_target');
    expect(text).not.toContain('secrets.');
  });

  it.each(workflows)('%s ends in time, and does not run twice for the same thing', (_, text) => {
    expect(text).toMatch(/^concurrency:\n {2}group: /m);
    for (const job of jobsOf(text)) expect(job).toMatch(/^ {4}timeout-minutes: \d+$/m);
  });

  it.each(workflows)('%s writes nothing of what a pull request says into a command', (_, text) => {
    for (const command of jobsOf(text).flatMap(commandsOf)) expect(command).not.toContain('${{');
  });
});
