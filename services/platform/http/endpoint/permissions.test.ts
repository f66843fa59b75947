import { describe, expect, it } from 'vitest';
import { accessOf, actions, describeAccess, permissionOf, roles } from './permissions.ts';

describe('the permission table', () => {
  it('has one entry for a method and path of a process', () => {
    const keys = actions.flatMap((action) => {
      const { on, method, path } = permissionOf(action);
      return on.map((process) => `${process} ${method} ${path.replaceAll(/\{[^}]+\}/g, '{}')}`);
    });
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  it('lets no administrator change an order, a product or a payment', () => {
    const changing = actions.filter((action) => {
      const { allow, method } = permissionOf(action);
      return method !== 'get' && typeof allow !== 'string' && allow.ADMIN !== undefined;
    });
    expect(changing.sort()).toEqual([
      'dead-letters.archive',
      'dead-letters.replay',
      'dead-letters.replay-group',
      'orders.repair',
      'payments.repair',
      'reservations.repair',
    ]);
  });

  it('gives customers and sellers nothing but their own of whatever belongs to somebody', () => {
    const wide = actions.filter((action) => {
      const { allow } = permissionOf(action);
      return typeof allow !== 'string' && (allow.USER === 'all' || allow.SELLER === 'all');
    });
    expect(wide.sort()).toEqual(['products.list', 'products.read']);
  });

  it('leaves nothing under /api open to everyone', () => {
    const open = actions.filter((action) => {
      const { allow, path } = permissionOf(action);
      return allow === 'anyone' && path.startsWith('/api/');
    });
    expect(open).toEqual([]);
  });
});

describe('the access of a caller', () => {
  it('is that of the first of the roles that has a cell', () => {
    expect(accessOf('orders.list', ['USER'])).toEqual({ role: 'USER', scope: 'own' });
    expect(accessOf('orders.list', ['USER', 'SELLER'])).toEqual({ role: 'SELLER', scope: 'own lines' });
    expect(accessOf('orders.list', [...roles])).toEqual({ role: 'ADMIN', scope: 'all' });
    expect(accessOf('orders.place', [...roles])).toEqual({ role: 'USER', scope: 'own' });
  });

  it('is none without a cell, whatever else is held', () => {
    expect(accessOf('orders.place', ['SELLER', 'ADMIN'])).toBeUndefined();
    expect(accessOf('orders.list', [])).toBeUndefined();
    expect(accessOf('faults.arm', ['ADMIN'])).toBeUndefined();
  });

  it('is told to people', () => {
    expect(describeAccess('orders.list')).toBe('For USER (own), SELLER (own lines), ADMIN.');
    expect(describeAccess('health.live')).toBe('No token is needed.');
  });
});
