// Two tiers: `unit` touches nothing outside the process; `stack` runs against real PostgreSQL, Kafka, Connect and registry,
// booted once on free ports and in a folder of its own, so a running `npm start` is never disturbed.
import { defineConfig } from 'vitest/config';
import { stackVariables } from './scripts/stack/variables.ts';

export default defineConfig({
  test: {
    // KafkaJS computes a negative timeout now and then, which Node takes as 1 ms.
    execArgv: ['--disable-warning=TimeoutNegativeWarning'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: ['node_modules/**', '**/*.int.test.ts', '**/*.e2e.test.ts'],
          // Some start a process, beside whatever else the machine does.
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'stack',
          include: ['**/*.int.test.ts', '**/*.e2e.test.ts'],
          exclude: ['node_modules/**'],
          globalSetup: ['tests/stack/test-stack.ts'],
          // Each worker has a stack to itself; a fault in one file must not be felt in another.
          maxWorkers: Number(process.env[stackVariables.testStacks.env] ?? 1),
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
