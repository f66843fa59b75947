// The stack of the worker that runs this file. No other file is run on it at the same time, so a fault that one file
// injects is never felt in another.
import { describe, inject } from 'vitest';
import { haveArtefacts } from '../../scripts/stack/parts/artefacts.ts';
import type { TestStack } from './test-stack.ts';

const stackOf = (worker: number): TestStack => {
  const stack = inject('stacks')[worker - 1];
  if (stack === undefined) throw new Error(`there is no stack for worker ${String(worker)}`);
  return stack;
};

/** Vitest numbers the workers that live at one time from 1 to `maxWorkers`. */
export const stack = stackOf(Number(process.env['VITEST_POOL_ID']));

/**
 * For tests that start parts of the embedded stack themselves, whatever the stack beside them runs on. Where that is containers,
 * the artefacts may not be here; the boot has then said what is left out.
 */
export const describeOwnParts = describe.runIf(haveArtefacts());
