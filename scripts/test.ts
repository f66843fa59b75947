// npm test: the whole suite, unit tests first, then everything that needs the stack. Ends with one plain line that says how
// many tests passed and failed. `npm test -- <filter>` runs the files whose path contains the filter; `--project unit` leaves the stack out.
// `npm run test:docker` is the same on containers.
import { availableParallelism, totalmem } from 'node:os';
import { parseCLI, startVitest } from 'vitest/node';
import { requireDocker } from './stack/parts/docker.ts';
import { explain } from './stack/failure.ts';
import { stackKindFrom } from './stack/kind.ts';
import { stackVariables } from './stack/variables.ts';

try {
  // Known before anything runs, and said without the stack traces of a set-up that fails.
  if (stackKindFrom(process.env) === 'docker') await requireDocker();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(2);
}

const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);

const roomForTwo = availableParallelism() >= 2 && totalmem() >= 7.5 * 1024 ** 3;
process.env[stackVariables.testStacks.env] ??= filter.length === 0 && roomForTwo ? '2' : '1';

const vitest = await startVitest(filter, {
  ...options,
  run: true,
  watch: false,
  reporters: process.env['CI'] === undefined ? ['default'] : [['default', { summary: false }]],
});

const tests = vitest.state.getTestModules().flatMap((module) => [...module.children.allTests()]);
const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
const brokenFiles = vitest.state.getTestModules().filter((module) => module.state() === 'failed');
const errors = vitest.state.getUnhandledErrors().length;
// A file that cannot even be loaded has no tests to count, but it is a failure all the same.
const failedWithoutTests = brokenFiles.filter((module) => module.errors().length > 0).length + errors;
const [passed, failed, skipped] = [count('passed'), count('failed') + failedWithoutTests, count('skipped')];

await vitest.close();
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
