// The auditor shows ids and amounts only. Like the metrics it belongs on an internal network.
import { permissionTable } from '../../platform/http/endpoint/permissions.ts';

export const permissions = permissionTable({
  'auditor.report': { method: 'get', path: '/audit', allow: 'anyone' },
  'pipelines.report': { method: 'get', path: '/pipelines', allow: 'anyone' },
  'pipelines.health': {
    method: 'get',
    path: '/health/pipelines/{service}',
    allow: 'anyone',
  },
});
