import { expect, it } from 'vitest';
import { toFailedSearch } from './failed-search.ts';

const letter = '01a21536-3d55-72a6-ba53-351e4ac87983';

it('keeps valid URL parameters', () => {
  const search = { service: 'order', cause: 'Error|23514|order.created', letter, state: 'archived' };
  expect(toFailedSearch(search)).toEqual(search);
});

it.each([
  [{ service: 'dashboard', cause: 'Error||x', letter }, {}],
  [{ cause: 'Error||x', state: 'replayed' }, { state: 'replayed' }],
  [{ service: 'payment', letter: '../orders', cause: 7 }, { service: 'payment' }],
  [{ state: 'parked' }, {}],
])('drops invalid parameters of %o', (search, expected) => {
  expect(toFailedSearch(search)).toEqual(expected);
});
