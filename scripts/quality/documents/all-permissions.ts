// The permission tables of all processes as one table, for PERMISSIONS.md and for the test that sends a request for every cell.
import { permissions as ofAuditor } from '../../../services/auditor/http/permissions.ts';
import { permissions as ofDashboard } from '../../../services/dashboard/server/permissions.ts';
import { permissions as ofGateway } from '../../../services/gateway/http/permissions.ts';
import { permissions as ofInventory } from '../../../services/inventory/http/permissions.ts';
import { permissions as ofOrder } from '../../../services/order/http/permissions.ts';
import { permissions as ofPayment } from '../../../services/payment/http/permissions.ts';
import {
  permissionsOfProcesses,
  permissionsOfServices,
  type Permission,
} from '../../../services/platform/http/endpoint/permissions.ts';

export const permissions = {
  ...ofOrder,
  ...ofInventory,
  ...ofPayment,
  ...permissionsOfServices,
  ...ofDashboard,
  ...ofAuditor,
  ...ofGateway,
  ...permissionsOfProcesses,
};
export type Action = keyof typeof permissions;

const isAction = (name: string): name is Action => Object.hasOwn(permissions, name);
export const actions: readonly Action[] = Object.keys(permissions).filter(isAction);

const services = { order: ofOrder, inventory: ofInventory, payment: ofPayment };
const otherProcesses = { gateway: ofGateway, dashboard: ofDashboard, auditor: ofAuditor };

/** The permission of an action, with the names of the processes that have the endpoint. */
export const permissionOf = (action: Action): Permission & { readonly processes: readonly string[] } => {
  const tables: Readonly<Record<string, object>> = { ...services, ...otherProcesses };
  const processes = Object.hasOwn(permissionsOfProcesses, action)
    ? Object.keys(tables)
    : Object.hasOwn(permissionsOfServices, action)
      ? Object.keys(services)
      : Object.keys(tables).filter((process) => Object.hasOwn(tables[process] ?? {}, action));
  return { ...permissions[action], processes };
};
