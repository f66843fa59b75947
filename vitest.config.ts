// The tiers of the tests; the file name decides the tier. `unit` needs no stack, and at most starts short-lived processes. All others
// run against real PostgreSQL, Kafka, Connect and registry, which tests/run.ts boots once on free ports and in a folder of its own, so
// they do not disturb a running `npm start`.
import { defineConfig } from 'vitest/config';

const stackTiers = ['int', 'e2e', 'pages', 'fault', 'drill'] as const;
/** Integration tests wait for most of their time, so there may be more of them than cores. Vitest requires the same number for
 *  all projects of a group, so it also applies to the unit tests. */
const sideBySide = 3;
const filesOf = (tier: string) => `**/*.${tier}.test.ts`;

export default defineConfig({
  test: {
    // KafkaJS computes a negative timeout now and then, which Node takes as 1 ms.
    execArgv: ['--disable-warning=TimeoutNegativeWarning'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: ['node_modules/**', ...stackTiers.map(filesOf)],
          // Some tests start a process, which takes long on a busy machine.
          testTimeout: 30_000,
          maxWorkers: sideBySide,
          sequence: { groupOrder: 0 },
        },
      },
      ...stackTiers.map((tier) => ({
        test: {
          name: tier,
          include: [filesOf(tier)],
          exclude: ['node_modules/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Integration tests have a database and topics of their own. The others share the services of one stack, so one file at a
          // time runs: a fault that one file injects would fail the tests of another.
          maxWorkers: tier === 'int' ? sideBySide : 1,
          sequence: { groupOrder: tier === 'int' ? 0 : 1 },
        },
      })),
    ],
  },
});
