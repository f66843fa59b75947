// The identity issuer for development, and the health of all parts.
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
  'parts.page': { method: 'get', path: '/', allow: 'anyone' },
  'parts.health': { method: 'get', path: '/health', allow: 'anyone' },
});
