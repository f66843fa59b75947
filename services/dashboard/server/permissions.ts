// The permissions of the dashboard's own endpoints. For proxied requests, the permission tables of the services apply.
import { permissionTable } from '../../platform/http/endpoint/permissions.ts';

export const permissions = permissionTable({
  'identity.token': {
    method: 'post',
    path: '/auth/token',
    allow: 'anyone',
    optional: true,
  },
  'identity.keys': {
    method: 'get',
    path: '/.well-known/jwks.json',
    allow: 'anyone',
    optional: true,
  },
  'identity.discovery': {
    method: 'get',
    path: '/.well-known/openid-configuration',
    allow: 'anyone',
    optional: true,
  },
  'session.read': { method: 'get', path: '/session', allow: 'anyone' },
  'session.begin': { method: 'post', path: '/session', allow: 'anyone' },
  'session.provider': { method: 'get', path: '/session/provider', allow: 'anyone', optional: true },
  'session.callback': { method: 'get', path: '/session/callback', allow: 'anyone', optional: true },
  'session.end': { method: 'delete', path: '/session', allow: 'anyone' },
  'parts.health': { method: 'get', path: '/health', allow: 'anyone' },
  'catalogue.events': { method: 'get', path: '/api/catalogue/events', allow: { ADMIN: 'all' } },
  'catalogue.changes': {
    method: 'get',
    path: '/api/catalogue/events/{type}/changes',
    allow: { ADMIN: 'all' },
  },
  'catalogue.permissions': { method: 'get', path: '/api/catalogue/permissions', allow: { ADMIN: 'all' } },
});
