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

it('when the inventory is unavailable, the shop is disrupted and orders wait for their reservation', () => {
  expect(functionsOf([part('inventory-db', 'unavailable')])).toEqual([
    {
      name: 'Shop and stock',
      status: 'disrupted',
      effect: expect.stringMatching(/cannot be shown/) as string,
    },
    { name: 'Orders', status: 'disrupted', effect: expect.stringMatching(/can place orders/) as string },
    { name: 'Payments', status: 'ok' },
  ]);
});
