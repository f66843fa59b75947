import { describe, expect, it } from 'vitest';
import { accessOf, describeAccess, permissionTable, roles } from './permissions.ts';

const permissions = permissionTable({
  'orders.place': { method: 'post', path: '/api/v1/orders', allow: { USER: 'own' } },
  'orders.list': {
    method: 'get',
    path: '/api/v1/orders',
    allow: { USER: 'own', SELLER: 'own lines', ADMIN: 'all' },
  },
  'health.live': { method: 'get', path: '/health/live', allow: 'anyone' },
  'faults.arm': { method: 'post', path: '/chaos/faults', allow: 'chaos token' },
});

describe('the access of a caller', () => {
  it('is that of the first allowed role, in the sequence ADMIN, SELLER, USER', () => {
    expect(accessOf(permissions['orders.list'], ['USER'])).toEqual({ role: 'USER', scope: 'own' });
    expect(accessOf(permissions['orders.list'], ['USER', 'SELLER'])).toEqual({
      role: 'SELLER',
      scope: 'own lines',
    });
    expect(accessOf(permissions['orders.list'], [...roles])).toEqual({ role: 'ADMIN', scope: 'all' });
    expect(accessOf(permissions['orders.place'], [...roles])).toEqual({ role: 'USER', scope: 'own' });
  });

  it('is undefined when none of the roles of the caller is allowed', () => {
    expect(accessOf(permissions['orders.place'], ['SELLER', 'ADMIN'])).toBeUndefined();
    expect(accessOf(permissions['orders.list'], [])).toBeUndefined();
    expect(accessOf(permissions['faults.arm'], ['ADMIN'])).toBeUndefined();
  });

  it('is described in a sentence', () => {
    expect(describeAccess(permissions['orders.list'])).toBe(
      'Allowed for USER (own), SELLER (own lines), ADMIN.',
    );
    expect(describeAccess(permissions['health.live'])).toBe('No token is needed.');
  });
});
