// The rules that the permission tables of all processes must follow.
import { describe, expect, it } from 'vitest';
import { actions, permissionOf } from '../../scripts/quality/documents/all-permissions.ts';

describe('the permission tables', () => {
  it('have one entry per process, method and path', () => {
    const keys = actions.flatMap((action) => {
      const { processes, method, path } = permissionOf(action);
      return processes.map((process) => `${process} ${method} ${path.replaceAll(/\{[^}]+\}/g, '{}')}`);
    });
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  it('do not allow administrators to change an order, a product or a payment; a repair only emits events again', () => {
    const changing = actions.filter((action) => {
      const { allow, method } = permissionOf(action);
      return method !== 'get' && typeof allow !== 'string' && allow.ADMIN !== undefined;
    });
    expect(changing.sort()).toEqual([
      'connectors.pause',
      'connectors.restart',
      'connectors.resume',
      'dead-letters.archive',
      'dead-letters.replay',
      'dead-letters.replay-group',
      'orders.repair',
      'payments.repair',
      'reservations.repair',
    ]);
  });

  it('give customers and sellers access to their own data only, except products', () => {
    const unrestricted = actions.filter((action) => {
      const { allow } = permissionOf(action);
      return typeof allow !== 'string' && (allow.USER === 'all' || allow.SELLER === 'all');
    });
    expect(unrestricted.sort()).toEqual(['products.list', 'products.read']);
  });

  it('do not make any action under /api public', () => {
    const publicActions = actions.filter((action) => {
      const { allow, path } = permissionOf(action);
      return allow === 'anyone' && path.startsWith('/api/');
    });
    expect(publicActions).toEqual([]);
  });
});
