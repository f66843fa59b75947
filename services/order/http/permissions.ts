// Who may do what with orders. An administrator may read every order but change none; a repair only emits an event again.
import { permissionTable } from '../../platform/http/endpoint/permissions.ts';

export const permissions = permissionTable({
  'orders.place': { method: 'post', path: '/api/v1/orders', allow: { USER: 'own' } },
  'orders.list': {
    method: 'get',
    path: '/api/v1/orders',
    allow: { USER: 'own', SELLER: 'own lines', ADMIN: 'all' },
  },
  'orders.read': {
    method: 'get',
    path: '/api/v1/orders/{id}',
    allow: { USER: 'own', SELLER: 'own lines', ADMIN: 'all' },
  },
  'orders.history': {
    method: 'get',
    path: '/api/v1/orders/{id}/history',
    allow: { USER: 'own', ADMIN: 'all' },
  },
  'orders.events': {
    method: 'get',
    path: '/api/v1/orders/{id}/events',
    allow: { USER: 'own', SELLER: 'own lines', ADMIN: 'all' },
  },
  'orders.cancel': {
    method: 'post',
    path: '/api/v1/orders/{id}/cancel',
    allow: { USER: 'own' },
  },
  'orders.confirm': {
    method: 'post',
    path: '/api/v1/orders/{id}/confirm',
    allow: { SELLER: 'own lines' },
  },
  'orders.fulfill': {
    method: 'post',
    path: '/api/v1/orders/{id}/fulfill',
    allow: { SELLER: 'own lines' },
  },
  'orders.repair': {
    method: 'post',
    path: '/api/v1/orders/{id}/repair',
    allow: { ADMIN: 'all' },
  },
});
