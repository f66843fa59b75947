// Who may do what. Each service lists its own actions in a permission table; the actions that all processes share are listed here. An
// endpoint can only be made from an entry (endpoint.ts), so an action that is in no table cannot be called, and every cell
// of a table is enforced, documented and tested.

export type Role = 'USER' | 'SELLER' | 'ADMIN';
export const roles = ['ADMIN', 'SELLER', 'USER'] as const satisfies readonly Role[];

/**
 * What a role may access. `own`: resources of the caller. `own lines`: the order lines with products of the caller. A request
 * for a resource outside the scope is answered 404.
 */
export type Scope = 'all' | 'own' | 'own lines';

/** Who may call: anyone, callers that send the chaos token, or the listed roles (the cells of the table). */
export type Allowed = 'anyone' | 'chaos token' | Readonly<Partial<Record<Role, Scope>>>;

export interface Permission {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: `/${string}`;
  readonly allow: Allowed;
  /** Registered only where the feature is enabled. */
  readonly optional?: true;
}

/** `action` is the key in the table, such as `orders.place`. */
export type NamedPermission<T extends Permission = Permission, A extends string = string> = T & {
  readonly action: A;
};

export type PermissionTable = Readonly<Record<string, NamedPermission>>;

/** Adds its key to each entry as `action`. */
export const permissionTable = <const T extends Readonly<Record<string, Permission>>>(
  table: T,
): { readonly [A in keyof T & string]: NamedPermission<T[A], A> } =>
  // Safe: each entry keeps its key and its value.
  Object.fromEntries(
    Object.entries(table).map(([action, permission]) => [action, { ...permission, action }]),
  ) as { readonly [A in keyof T & string]: NamedPermission<T[A], A> };

export const permissionsOfProcesses = permissionTable({
  'health.live': { method: 'get', path: '/health/live', allow: 'anyone' },
  'health.ready': { method: 'get', path: '/health/ready', allow: 'anyone' },
  'metrics.read': { method: 'get', path: '/metrics', allow: 'anyone' },
  'api.document': { method: 'get', path: '/openapi.json', allow: 'anyone' },
  'api.docs': { method: 'get', path: '/docs', allow: 'anyone' },
  'api.docs-asset': { method: 'get', path: '/docs/{asset}', allow: 'anyone' },
  'api.problem': { method: 'get', path: '/problems/{code}', allow: 'anyone' },
});

/** Permissions that every event-driven service has in addition to its own. */
export const permissionsOfServices = permissionTable({
  'dead-letters.list': { method: 'get', path: '/api/v1/dead-letters', allow: { ADMIN: 'all' } },
  'dead-letters.groups': { method: 'get', path: '/api/v1/dead-letters/groups', allow: { ADMIN: 'all' } },
  'dead-letters.read': { method: 'get', path: '/api/v1/dead-letters/{id}', allow: { ADMIN: 'all' } },
  'dead-letters.replay-group': {
    method: 'post',
    path: '/api/v1/dead-letters/replay',
    allow: { ADMIN: 'all' },
  },
  'dead-letters.replay': {
    method: 'post',
    path: '/api/v1/dead-letters/{id}/replay',
    allow: { ADMIN: 'all' },
  },
  'dead-letters.archive': {
    method: 'post',
    path: '/api/v1/dead-letters/{id}/archive',
    allow: { ADMIN: 'all' },
  },
  'audit.list': { method: 'get', path: '/api/v1/audit', allow: { ADMIN: 'all' } },
  'audit.verify': { method: 'get', path: '/api/v1/audit/verification', allow: { ADMIN: 'all' } },
  'faults.arm': { method: 'post', path: '/chaos/faults', allow: 'chaos token', optional: true },
  'faults.disarm': { method: 'delete', path: '/chaos/faults', allow: 'chaos token', optional: true },
});

export interface Access {
  readonly role: Role;
  readonly scope: Scope;
}

/**
 * The access of a caller with these roles; undefined when none of them is allowed. Of several roles the first of ADMIN, SELLER,
 * USER applies: scopes are not combined, so that it is clear in which role the caller acts.
 */
export function accessOf({ allow }: Permission, held: readonly Role[]): Access | undefined {
  if (typeof allow === 'string') return undefined;
  for (const role of roles) {
    const scope = held.includes(role) ? allow[role] : undefined;
    if (scope !== undefined) return { role, scope };
  }
  return undefined;
}

/** Who may call, and with which scope, as a sentence. */
export const describeAccess = ({ allow }: Permission): string => {
  if (allow === 'anyone') return 'No token is needed.';
  if (allow === 'chaos token') return 'The chaos token is needed.';
  const cells = roles.toReversed().flatMap((role) => {
    const scope = allow[role];
    return scope === undefined ? [] : [scope === 'all' ? role : `${role} (${scope})`];
  });
  return `Allowed for ${cells.join(', ')}.`;
};
