import { setTimeout as delay } from 'node:timers/promises';

/** Calls `task` at a steady rate for some seconds; a slow answer does not slow the rate. Rejects with the first error. */
export const steadily = async (
  perSecond: number,
  seconds: number,
  task: (index: number) => Promise<void>,
) => {
  const running: Promise<void>[] = [];
  const failures: unknown[] = [];
  const began = performance.now();
  // The first failure ends the measurement, because later calls would not be comparable.
  for (let index = 0; index < perSecond * seconds && failures.length === 0; index += 1) {
    await delay(Math.max(0, began + (index * 1_000) / perSecond - performance.now()));
    running.push(
      task(index).catch((error: unknown) => {
        failures.push(error);
      }),
    );
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
};
