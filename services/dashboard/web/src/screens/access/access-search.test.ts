import { describe, expect, it } from 'vitest';
import type { PermissionEntry } from '../../api/types.ts';
import { findActions, groupOf, mayDo, toAccessSearch } from './access-search.ts';

const entry = (over: Partial<PermissionEntry>): PermissionEntry => ({
  on: ['order'],
  action: 'orders.place',
  method: 'POST',
  path: '/api/v1/orders',
  allow: { USER: 'own' },
  optional: false,
  ...over,
});
const place = entry({});
const read = entry({ action: 'orders.read', method: 'GET', allow: { USER: 'own', ADMIN: 'all' } });
const fault = entry({ on: ['order', 'inventory', 'payment'], action: 'faults.arm', allow: 'chaos token' });
const live = entry({ on: ['a', 'b', 'c', 'd'], action: 'health.live', allow: 'anyone' });
const all = [place, read, fault, live];

describe('the actions of the matrix', () => {
  it('are filtered by words, group and role', () => {
    expect(findActions(all, {})).toEqual(all);
    expect(findActions(all, { q: 'POST place' })).toEqual([place]);
    expect(findActions(all, { q: 'nothing' })).toEqual([]);
    expect(findActions(all, { at: 'every process' })).toEqual([live]);
    expect(findActions(all, { may: 'ADMIN' })).toEqual([read, live]);
  });

  it('are grouped by process', () => {
    expect(all.map(groupOf)).toEqual(['order', 'order', 'order, inventory and payment', 'every process']);
  });

  it('that require the chaos token are allowed to no role', () => {
    expect(mayDo(fault, 'ADMIN')).toBe(false);
    expect(mayDo(live, 'USER')).toBe(true);
  });
});

it('drops an unknown role from the URL parameters', () => {
  expect(toAccessSearch({ q: '', at: 'order', may: 'ROOT' })).toEqual({ at: 'order' });
});
