// The permission matrix, from the permission tables that the processes enforce: every endpoint is made from an entry of a table.
import { z } from '@hono/zod-openapi';
import {
  permissionsOfProcesses,
  permissionsOfServices,
  roles,
  type PermissionTable,
} from '../../../platform/http/endpoint/permissions.ts';
import { permissions as ofAuditor } from '../../../auditor/http/permissions.ts';
import { permissions as ofGateway } from '../../../gateway/http/permissions.ts';
import { permissions as ofInventory } from '../../../inventory/http/permissions.ts';
import { permissions as ofOrder } from '../../../order/http/permissions.ts';
import { permissions as ofPayment } from '../../../payment/http/permissions.ts';
import { permissions as ofDashboard } from '../permissions.ts';

const scope = z.enum(['all', 'own', 'own lines']);
const permissionView = z
  .object({
    on: z.array(z.string()).openapi({ description: 'The processes that have the action' }),
    action: z.string(),
    method: z.string(),
    path: z.string(),
    allow: z.union([
      z.enum(['anyone', 'chaos token']),
      z.partialRecord(z.enum(roles), scope).openapi({ description: 'A missing role is refused' }),
    ]),
    optional: z
      .boolean()
      .openapi({ description: 'Whether the action exists only where its feature is enabled' }),
  })
  .openapi('PermissionEntry');
export const permissionsView = z.object({ data: z.array(permissionView) }).openapi('PermissionMatrix');
export type PermissionEntry = z.infer<typeof permissionView>;

const services: Readonly<Record<string, PermissionTable>> = {
  order: ofOrder,
  inventory: ofInventory,
  payment: ofPayment,
};
const others: Readonly<Record<string, PermissionTable>> = {
  dashboard: ofDashboard,
  auditor: ofAuditor,
  gateway: ofGateway,
};

/** Every action: first those of a single process, then those that several processes share. */
export const permissionMatrix = (): PermissionEntry[] => {
  const processes = { ...services, ...others };
  const tables: readonly (readonly [readonly string[], PermissionTable])[] = [
    ...Object.entries(processes).map(([name, table]) => [[name], table] as const),
    [Object.keys(services), permissionsOfServices],
    [Object.keys(processes), permissionsOfProcesses],
  ];
  return tables.flatMap(([on, table]) =>
    Object.values(table).map(({ action, method, path, allow, optional = false }) => ({
      on: [...on],
      action,
      method: method.toUpperCase(),
      path,
      allow: typeof allow === 'string' ? allow : { ...allow },
      optional,
    })),
  );
};
