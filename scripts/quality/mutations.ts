// npm run test:mutations: proves that the tests can fail. Each deliberate bug removes one safeguard from a copy of the project,
// and its tests must fail. Only a test that ran and failed counts, not a file that cannot be loaded. Exit code 1: a bug
// made no test fail; 2: the bugs could not be tried.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failure } from '../../schemas/tools/failure.ts';
import { commandLine, print, withExitCode } from '../operator/command-line.ts';
import { mutations } from './deliberate-bugs.ts';
import { copyWorkingTree } from './working-tree.ts';

const root = join(import.meta.dirname, '..', '..');

/** A copy of the working tree without ignored files, with a link to the dependencies. */
const scratchCopy = (): string => {
  const copy = mkdtempSync(join(tmpdir(), 'orderflow-mutation-'));
  copyWorkingTree(copy);
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
};

/** The tests that ran and failed, each with the first line of its error. Vitest prints a common error of several tests once. */
const failedTests = (output: string): string[] => {
  const failed: string[] = [];
  let names: string[] = [];
  for (const line of output.split('\n')) {
    const test = /^ FAIL {2}\|\w+\| (\S+ > .+)$/.exec(line)?.[1];
    if (test !== undefined) names.push(test);
    else if (line.trim() !== '') {
      failed.push(...names.map((name) => `${name}: ${line}`));
      names = [];
    }
  }
  return failed;
};

/** How many failed tests are printed for each bug. */
const maxPrinted = 4;

const tryAll = (words: readonly string[]): number => {
  const chosen = mutations.filter(({ bug }) => bug.includes(words.join(' ')));
  if (chosen.length === 0)
    throw failure(
      `no deliberate bug has "${words.join(' ')}" in its name: ${mutations.map(({ bug }) => `\n  ${bug}`).join('')}`,
    );
  const copy = scratchCopy();
  let survivors = 0;
  try {
    for (const { bug, file, from, to, tests } of chosen) {
      const path = join(copy, file);
      const original = readFileSync(path, 'utf8');
      if (original.split(from).length !== 2) throw new Error(`"${bug}" does not match ${file} any more`);
      writeFileSync(
        path,
        original.replace(from, () => to),
      );
      const started = performance.now();
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [...process.execArgv, 'tests/run.ts', ...tests],
        {
          cwd: copy,
          encoding: 'utf8',
          env: { ...process.env, CI: 'true', NO_COLOR: '1' },
          timeout: 600_000,
          maxBuffer: 64 * 1024 * 1024,
        },
      );
      writeFileSync(path, original);
      const verdict = /\d+ passed, \d+ failed/.exec(stdout)?.[0] ?? 'no verdict';
      const failed = failedTests(`${stdout}\n${stderr}`);
      const caught = status !== 0 && failed.length > 0;
      if (!caught) survivors += 1;
      const took = ((performance.now() - started) / 1000).toFixed(0);
      print(`${caught ? 'caught  ' : 'SURVIVED'}  ${bug.padEnd(56)} ${verdict} (${took} s)`);
      // No test ran. The end of the output contains the reason.
      if (failed.length === 0 && status !== 0)
        failed.push(...`${stdout}\n${stderr}`.trim().split('\n').slice(-maxPrinted));
      for (const line of failed.slice(0, maxPrinted)) print(`          ${line.slice(0, 200)}`);
      if (failed.length > maxPrinted) print(`          … and ${failed.length - maxPrinted} more`);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  print(`${chosen.length - survivors} of ${chosen.length} deliberate bugs were caught`);
  return survivors === 0 ? 0 : 1;
};

export const testMutations = commandLine(
  'npm run test:mutations',
  'Removes one safeguard at a time from a copy of the project; the tests must fail.',
  '',
  'idempotency key',
)
  .argument('[words...]', 'try only the bugs whose names contain this text')
  .action(withExitCode(tryAll));
