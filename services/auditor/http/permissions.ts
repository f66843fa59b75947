// Reports contain ids, amounts, states and error messages but no personal data, so like the metrics they need no token; they should
// be reachable only on an internal network. The other endpoints of this table require an administrator's token.
import { permissionTable } from '../../platform/http/endpoint/permissions.ts';

export const permissions = permissionTable({
  'auditor.report': { method: 'get', path: '/audit', allow: 'anyone' },
  'pipelines.report': { method: 'get', path: '/pipelines', allow: 'anyone' },
  'pipelines.health': {
    method: 'get',
    path: '/health/pipelines/{service}',
    allow: 'anyone',
  },
  'stories.read': { method: 'get', path: '/api/v1/stories/{id}', allow: { ADMIN: 'all' } },
  'flow.read': { method: 'get', path: '/api/v1/flow', allow: { ADMIN: 'all' } },
  'pipelines.read': { method: 'get', path: '/api/v1/pipelines', allow: { ADMIN: 'all' } },
  'incidents.read': { method: 'get', path: '/api/v1/incidents', allow: { ADMIN: 'all' } },
  'invariants.read': { method: 'get', path: '/api/v1/invariants', allow: { ADMIN: 'all' } },
  'connectors.restart': {
    method: 'post',
    path: '/api/v1/connectors/{service}/restart',
    allow: { ADMIN: 'all' },
  },
  'connectors.pause': { method: 'post', path: '/api/v1/connectors/{service}/pause', allow: { ADMIN: 'all' } },
  'connectors.resume': {
    method: 'post',
    path: '/api/v1/connectors/{service}/resume',
    allow: { ADMIN: 'all' },
  },
});
