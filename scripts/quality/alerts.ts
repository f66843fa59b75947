// npm run alerts: checks the alert rules in connectors/alerts, runs their tests and checks the Prometheus configuration. It runs
// promtool. Exit code 0: no problem found; 1: a rule, a test or the configuration is wrong; 2: promtool is not installed.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine, withExitCode } from '../operator/command-line.ts';
import { failure } from '../../schemas/tools/failure.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'connectors', 'alerts');
const filesIn = (path: string): string[] =>
  readdirSync(path)
    .filter((name) => name.endsWith('.yml'))
    .sort()
    .map((name) => join(path, name));

const promtool = (...args: readonly string[]): boolean =>
  spawnSync('promtool', args, { stdio: 'inherit', timeout: 60_000 }).status === 0;

export const alerts = commandLine(
  'npm run alerts',
  'Checks the alert rules, runs their tests, and checks the configuration of Prometheus. Needs promtool.',
).action(
  withExitCode(() => {
    if (spawnSync('promtool', ['--version'], { timeout: 10_000 }).error !== undefined)
      throw failure(
        'promtool was not found, so the alert rules were not tested; it is part of Prometheus (on Debian: apt-get install prometheus). ' +
          'The checks that need no promtool are in the unit tests: npm run check',
      );
    const checked = promtool('check', 'rules', ...filesIn(folder));
    const tested = promtool('test', 'rules', ...filesIn(join(folder, 'tests')));
    // Checks only the syntax, because the configuration refers to rule files that exist only in the container.
    const configuration = join(root, 'deploy', 'observability', 'prometheus.yml');
    const configured = promtool('check', 'config', '--syntax-only', configuration);
    return checked && tested && configured ? 0 : 1;
  }),
);
