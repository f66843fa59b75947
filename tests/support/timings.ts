// How long the steps of a drill take, printed after its last test.
import { afterAll } from 'vitest';

/** Measures a step. Call `useTimings` where tests are described. */
export function useTimings(): <T>(step: string, work: () => Promise<T>) => Promise<T> {
  const report: string[] = [];
  afterAll(() => {
    process.stderr.write(`${report.join('\n')}\n`);
  });
  return async (step, work) => {
    const began = performance.now();
    const result = await work();
    report.push(`${step}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    return result;
  };
}
