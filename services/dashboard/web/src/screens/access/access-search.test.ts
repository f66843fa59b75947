import { describe, expect, it } from 'vitest';
import type { PermissionEntry } from '../../api/types.ts';
import { findActions, groupOf, groupTitleOf, isAllowed, toAccessSearch } from './access-search.ts';

const entry = (overrides: Partial<PermissionEntry>): PermissionEntry => ({
  on: ['order'],
  action: 'orders.place',
  method: 'POST',
  path: '/api/v1/orders',
  allow: { USER: 'own' },
  optional: false,
  ...overrides,
});
const place = entry({});
const read = entry({ action: 'orders.read', method: 'GET', allow: { USER: 'own', ADMIN: 'all' } });
const fault = entry({ on: ['order', 'inventory', 'payment'], action: 'faults.arm', allow: 'chaos token' });
const live = entry({ on: ['a', 'b', 'c', 'd'], action: 'health.live', allow: 'anyone' });
const all = [place, read, fault, live];

describe('the actions on the permissions page', () => {
  it('are filtered by words, group and role', () => {
    expect(findActions(all, {})).toEqual(all);
    expect(findActions(all, { q: 'POST place' })).toEqual([place]);
    expect(findActions(all, { q: 'nothing' })).toEqual([]);
    expect(findActions(all, { group: 'all' })).toEqual([live]);
    expect(findActions(all, { role: 'ADMIN' })).toEqual([read, live]);
  });

  it('are grouped by process', () => {
    expect(all.map(groupOf)).toEqual(['order', 'order', 'services', 'all']);
    expect(groupTitleOf('order')).toBe('order');
    expect(groupTitleOf('services')).toBe('order, inventory and payment');
  });

  it('are allowed to every role if they are public, and to no role if they require the chaos token', () => {
    expect(isAllowed(fault, 'ADMIN')).toBe(false);
    expect(isAllowed(live, 'USER')).toBe(true);
  });
});

it('drops an unknown role from the URL parameters', () => {
  expect(toAccessSearch({ q: '', group: 'order', role: 'ROOT' })).toEqual({ group: 'order' });
});
