// `npm test` runs the unit, integration and end-to-end tests. `npm test -- <filter>` runs the files of all tiers whose path contains
// the filter; `--project <tier>` runs one tier (see vitest.config.ts). The stack is booted only if a test needs it.
// `npm run test:docker` runs the same tests on containers. The last line of the output counts the passed and failed tests.
import { createVitest, parseCLI } from 'vitest/node';
import { requireDocker } from '../scripts/stack/parts/docker.ts';
import { explain, failure, messageOf } from '../schemas/tools/failure.ts';
import { stackKindFrom } from '../scripts/stack/stack-kind.ts';
import { bootTestStack } from './stack/test-stack.ts';

const startedAt = performance.now();
const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
const defaultTiers = ['unit', 'int', 'e2e'];

const vitest = await createVitest({
  ...options,
  project: options.project ?? (filter.length === 0 ? defaultTiers : []),
  run: true,
  watch: false,
  reporters: process.env['CI'] === undefined ? ['default'] : [['default', { summary: false }]],
}).catch((error: unknown) => {
  // A wrong option, for example a tier that does not exist.
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(2);
});

const files = await vitest.globTestSpecifications(filter);
let stop = (): Promise<void> => Promise.resolve();
try {
  if (files.length === 0)
    throw failure(
      filter.length === 0
        ? 'the selected tiers have no test file'
        : `no test file of the selected tiers has ${filter.join(' or ')} in its path; \`npm test -- <part of a path>\` selects files`,
    );
  if (files.some(({ project }) => project.name !== 'unit')) {
    // Checked before the boot, so that a missing Docker is reported without the stack trace of a failed boot.
    if (stackKindFrom(process.env) === 'docker') await requireDocker();
    const stack = await bootTestStack();
    ({ stop } = stack);
    vitest.provide('stack', stack.provided);
  }
  await vitest.start(filter);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 2;
}
await stop();

const tests = vitest.state.getTestModules().flatMap((module) => [...module.children.allTests()]);
const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
const brokenFiles = vitest.state.getTestModules().filter((module) => module.state() === 'failed');
const errors = vitest.state.getUnhandledErrors().length;
// A file with an error outside of its tests, for example in a hook, counts as one failed test. So does each unhandled error.
const failedOutsideTests = brokenFiles.filter((module) => module.errors().length > 0).length + errors;
const [passed, failed, skipped] = [count('passed'), count('failed') + failedOutsideTests, count('skipped')];

await vitest.close();
const seconds = Math.round((performance.now() - startedAt) / 1000);
process.stdout.write(
  `took ${seconds} s\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
);
process.exitCode ??= failed > 0 || passed === 0 ? 1 : 0;
