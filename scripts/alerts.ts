// npm run alerts: checks the alert rules in connectors/alerts and runs their tests with promtool, which comes with Prometheus.
// Exit code 0: all is well; 1: a rule or a test is wrong; 2: there is no promtool to ask.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const folder = join(import.meta.dirname, '..', 'connectors', 'alerts');
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
    'promtool does not run, so the alert rules were not tested; it comes with Prometheus (on Debian: apt-get install prometheus). ' +
      'What needs no promtool is in the unit tests: npm run check',
  );

const promtool = (...args: readonly string[]): boolean =>
  spawnSync('promtool', args, { stdio: 'inherit', timeout: 60_000 }).status === 0;
const checked = promtool('check', 'rules', ...filesIn(folder));
const tested = promtool('test', 'rules', ...filesIn(join(folder, 'tests')));
process.exitCode = checked && tested ? 0 : 1;
