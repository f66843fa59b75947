// The mock provider has no accounts. A real provider would authenticate its merchants by a key.
import { permissionTable } from '../../platform/http/endpoint/permissions.ts';

export const permissions = permissionTable({
  'charges.create': { method: 'post', path: '/v1/charges', allow: 'anyone' },
  'charges.find': { method: 'get', path: '/v1/charges', allow: 'anyone' },
  'charges.refund': {
    method: 'post',
    path: '/v1/charges/{id}/refunds',
    allow: 'anyone',
  },
  'ledger.read': { method: 'get', path: '/v1/ledger', allow: 'anyone' },
  'behaviour.read': { method: 'get', path: '/v1/behaviour', allow: 'anyone' },
  'behaviour.change': { method: 'put', path: '/v1/behaviour', allow: 'anyone' },
});
