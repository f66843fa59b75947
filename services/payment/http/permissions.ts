// Who may do what with payments.
import { permissionTable } from '../../platform/http/endpoint/permissions.ts';

export const permissions = permissionTable({
  'payments.read': {
    method: 'get',
    path: '/api/v1/payments/{orderId}',
    allow: { USER: 'own', ADMIN: 'all' },
  },
  'payments.pay': {
    method: 'post',
    path: '/api/v1/payments/{orderId}/pay',
    allow: { USER: 'own' },
  },
  'payments.repair': {
    method: 'post',
    path: '/api/v1/payments/{orderId}/repair',
    allow: { ADMIN: 'all' },
  },
  'gateway.circuit': { method: 'get', path: '/api/v1/gateway', allow: { ADMIN: 'all' } },
});
