// A workflow cannot be run before the push, so its jobs run npm scripts, which can be run anywhere. These tests check the
// rest: the scripts exist, permissions and run time are limited, and no command contains text of a pull request.
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
/** The commands of a job, from single lines and blocks. */
const commandsOf = (job: string): readonly string[] =>
  [...job.matchAll(/^( +)(?:- )?run: (?:\|\n((?:\1 {2,}.*\n?)+)|(.+))/gm)].flatMap(([, , block, line]) =>
    (block ?? line ?? '').split('\n').flatMap((command) => command.split(/&&|;/)),
  );
const scriptsIn = (commands: readonly string[]): readonly string[] =>
  commands.flatMap((command) => {
    const [, script, short] = /\bnpm (?:run (?:--silent )?([\w:-]+)|(test|start)\b)/.exec(command) ?? [];
    return script ?? short ?? [];
  });

describe('the workflows', () => {
  it('have at least one job each', () => {
    expect(workflows.length).toBeGreaterThan(4);
    for (const [file, text] of workflows) expect(jobsOf(text), file).not.toEqual([]);
  });

  it.each(workflows)(
    'run at least one npm script in every job, and only scripts that exist: %s',
    (_, text) => {
      for (const job of jobsOf(text)) {
        const names = scriptsIn(commandsOf(job));
        expect(names, job).not.toEqual([]);
        expect(
          names.filter((name) => !(name in scripts)),
          job,
        ).toEqual([]);
      }
    },
  );

  it('run the checks and the tests of the project', () => {
    const run = workflows.flatMap(([, text]) => scriptsIn(jobsOf(text).flatMap(commandsOf)));
    for (const name of [
      'check',
      'alerts',
      'test',
      'test:docker',
      'test:full',
      'images',
      'schemas',
      'audit:dependencies',
    ])
      expect(run).toContain(name);
  });

  it.each(workflows)('can only read, except that the schema review can comment: %s', (file, text) => {
    const granted = /^permissions:\n((?: {2}.+\n)+)/m.exec(text)?.[1]?.trim().split(/\n */);
    expect(granted).toEqual(
      file === 'schema-review.yml' ? ['contents: read', 'pull-requests: write'] : ['contents: read'],
    );
    expect(text).not.toContain('pull_request_target');
    expect(text).not.toContain('secrets.');
  });

  it.each(workflows)('have a timeout for every job and a concurrency group: %s', (_, text) => {
    expect(text).toMatch(/^concurrency:\n {2}group: /m);
    for (const job of jobsOf(text)) expect(job).toMatch(/^ {4}timeout-minutes: \d+$/m);
  });

  it.each(workflows)('have no expression that could inject text into a command: %s', (_, text) => {
    for (const command of jobsOf(text).flatMap(commandsOf)) expect(command).not.toContain('${{');
  });
});
