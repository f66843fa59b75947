// Measures the steps of a drill and prints the durations after the last test.
import { afterAll } from 'vitest';

/** Returns a function that measures a step. Must be called at the top level of a test file or in `describe`. */
export function useTimings(): <T>(step: string, work: () => Promise<T>) => Promise<T> {
  const report: string[] = [];
  afterAll(() => {
    process.stderr.write(`${report.join('\n')}\n`);
  });
  return async (step, work) => {
    const startedAt = performance.now();
    const result = await work();
    report.push(`${step}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    return result;
  };
}
