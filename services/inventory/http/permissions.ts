// Who may do what with products, stock and reservations.
import { permissionTable } from '../../platform/http/endpoint/permissions.ts';

export const permissions = permissionTable({
  'products.list': {
    method: 'get',
    path: '/api/v1/products',
    allow: { USER: 'all', SELLER: 'all', ADMIN: 'all' },
  },
  'products.read': {
    method: 'get',
    path: '/api/v1/products/{id}',
    allow: { USER: 'all', SELLER: 'all', ADMIN: 'all' },
  },
  'products.create': {
    method: 'post',
    path: '/api/v1/products',
    allow: { SELLER: 'own' },
  },
  'products.change': {
    method: 'patch',
    path: '/api/v1/products/{id}',
    allow: { SELLER: 'own' },
  },
  'products.restock': {
    method: 'post',
    path: '/api/v1/products/{id}/restock',
    allow: { SELLER: 'own' },
  },
  'products.movements': {
    method: 'get',
    path: '/api/v1/products/{id}/movements',
    allow: { SELLER: 'own', ADMIN: 'all' },
  },
  'reservations.read': {
    method: 'get',
    path: '/api/v1/reservations',
    allow: { SELLER: 'own lines', ADMIN: 'all' },
  },
  'reservations.repair': {
    method: 'post',
    path: '/api/v1/reservations/{orderId}/repair',
    allow: { ADMIN: 'all' },
  },
});
