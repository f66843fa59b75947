import { expect, it } from 'vitest';
import { addGauge, createMetrics } from './metrics.ts';

it('a gauge has no series while its value is unknown, so that an alert can fire on the missing series', async () => {
  const metrics = createMetrics();
  let value: number | undefined;
  addGauge(metrics, 'last_audit', 'When the last audit ended.', () => value);
  const lines = async () =>
    (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('last_audit'));
  expect(await lines()).toEqual([]);
  value = 5;
  expect(await lines()).toEqual(['last_audit 5']);
  value = undefined;
  expect(await lines()).toEqual([]);
});
