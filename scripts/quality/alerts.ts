// npm run alerts: checks the alert rules in connectors/alerts, runs their tests and checks the Prometheus configuration, with
// promtool.
// Exit code 0: no problem found; 1: a rule, a test or the configuration is wrong; 2: promtool is not installed.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'connectors', 'alerts');
const filesIn = (path: string): string[] =>
  readdirSync(path)
    .filter((name) => name.endsWith('.yml'))
    .sort()
    .map((name) => join(path, name));

const end = (code: number, sentence: string): never => {
  process.stderr.write(`${sentence}\n`);
  process.exit(code);
};

try {
  parseArgs({ options: {} });
} catch {
  end(2, 'usage: npm run alerts (it takes no arguments)');
}
if (spawnSync('promtool', ['--version'], { timeout: 10_000 }).error !== undefined)
  end(
    2,
    'promtool was not found, so the alert rules were not tested; it is part of Prometheus (on Debian: apt-get install prometheus). ' +
      'The checks that need no promtool are in the unit tests: npm run check',
  );

const promtool = (...args: readonly string[]): boolean =>
  spawnSync('promtool', args, { stdio: 'inherit', timeout: 60_000 }).status === 0;
const checked = promtool('check', 'rules', ...filesIn(folder));
const tested = promtool('test', 'rules', ...filesIn(join(folder, 'tests')));
// Only the syntax: the rule files are beside the configuration only in the container.
const configured = promtool(
  'check',
  'config',
  '--syntax-only',
  join(root, 'deploy', 'observability', 'prometheus.yml'),
);
process.exitCode = checked && tested && configured ? 0 : 1;
