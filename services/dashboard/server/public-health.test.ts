import { expect, it } from 'vitest';
import type { PartHealth } from './parts-health.ts';
import { functionsOf } from './public-health.ts';

const part = (name: string, status: PartHealth['status']): PartHealth => ({
  name,
  status,
  latencyMs: 1,
  detail: '',
});

it('every function of the shop is ok while every component works', () => {
  expect(functionsOf([part('order', 'ok'), part('payment', 'ok')])).toEqual([
    { name: 'Shop and stock', status: 'ok' },
    { name: 'Orders', status: 'ok' },
    { name: 'Payments', status: 'ok' },
  ]);
});

it.each([
  ['inventory-db', 'unavailable', 'Shop and stock', 'disrupted', /cannot be shown/],
  ['order', 'unavailable', 'Orders', 'disrupted', /cannot be placed/],
  ['order', 'degraded', 'Orders', 'slow', /can place orders/],
  ['inventory-pipeline', 'unavailable', 'Orders', 'disrupted', /can place orders/],
  ['gateway', 'unavailable', 'Payments', 'disrupted', /Payments wait/],
  ['payment-pipeline', 'degraded', 'Payments', 'slow', /may take longer/],
] as const)(
  'when %s is %s, one function of the shop is affected and says what users notice',
  (component, state, name, status, effect) => {
    expect(functionsOf([part(component, state)]).filter((one) => one.status !== 'ok')).toEqual([
      { name, status, effect: expect.stringMatching(effect) as string },
    ]);
  },
);
