// The stack of the worker that runs this file. No other file is run on it at the same time, so a fault that one file
// injects is never felt in another.
import { inject } from 'vitest';
import type { TestStack } from './test-stack.ts';

const stackOf = (worker: number): TestStack => {
  const stack = inject('stacks')[worker - 1];
  if (stack === undefined) throw new Error(`there is no stack for worker ${String(worker)}`);
  return stack;
};

/** Vitest numbers the workers that live at one time from 1 to `maxWorkers`. */
export const stack = stackOf(Number(process.env['VITEST_POOL_ID']));
