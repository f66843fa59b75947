// Who may do what. Each service lists its actions in a permission table, and the platform lists those that every process has. An
// endpoint can only be made from an entry of a table (endpoint.ts), so what is in no table cannot be called, and what is in one
// is enforced, documented and tested, cell by cell.

export type Role = 'USER' | 'SELLER' | 'ADMIN';
export const roles = ['ADMIN', 'SELLER', 'USER'] as const satisfies readonly Role[];

/**
 * How much of the resource a role reaches. `own`: what belongs to the caller. `own lines`: orders with lines of the
 * caller, and of those only these lines. Whatever is outside of the scope does not exist for the caller: 404.
 */
export type Scope = 'all' | 'own' | 'own lines';

/** Whom an entry lets pass: everybody, who knows the chaos token, or the roles that have a cell. */
export type Allowed = 'anyone' | 'chaos token' | Readonly<Partial<Record<Role, Scope>>>;

export interface Permission {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: `/${string}`;
  readonly allow: Allowed;
  /** Registered only where it is switched on. */
  readonly optional?: true;
}

/** An entry of a table, with its name: `orders.place`. */
export type NamedPermission<T extends Permission = Permission, A extends string = string> = T & {
  readonly action: A;
};

export type PermissionTable = Readonly<Record<string, NamedPermission>>;

/** Gives each entry its name. */
export const permissionTable = <const T extends Readonly<Record<string, Permission>>>(
  table: T,
): { readonly [A in keyof T & string]: NamedPermission<T[A], A> } =>
  // Safe: each entry keeps its key and its value.
  Object.fromEntries(
    Object.entries(table).map(([action, permission]) => [action, { ...permission, action }]),
  ) as { readonly [A in keyof T & string]: NamedPermission<T[A], A> };

/** What every process tells about itself. */
export const permissionsOfProcesses = permissionTable({
  'health.live': { method: 'get', path: '/health/live', allow: 'anyone' },
  'health.ready': { method: 'get', path: '/health/ready', allow: 'anyone' },
  'metrics.read': { method: 'get', path: '/metrics', allow: 'anyone' },
  'api.document': { method: 'get', path: '/openapi.json', allow: 'anyone' },
  'api.docs': { method: 'get', path: '/docs', allow: 'anyone' },
  'api.docs-asset': { method: 'get', path: '/docs/{asset}', allow: 'anyone' },
  'api.problem': { method: 'get', path: '/problems/{code}', allow: 'anyone' },
});

/** What every event-driven service has beside its own. */
export const permissionsOfServices = permissionTable({
  'dead-letters.list': {
    method: 'get',
    path: '/api/v1/dead-letters',
    allow: { ADMIN: 'all' },
  },
  'dead-letters.groups': {
    method: 'get',
    path: '/api/v1/dead-letters/groups',
    allow: { ADMIN: 'all' },
  },
  'dead-letters.read': {
    method: 'get',
    path: '/api/v1/dead-letters/{id}',
    allow: { ADMIN: 'all' },
  },
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
  'faults.arm': {
    method: 'post',
    path: '/chaos/faults',
    allow: 'chaos token',
    optional: true,
  },
  'faults.disarm': {
    method: 'delete',
    path: '/chaos/faults',
    allow: 'chaos token',
    optional: true,
  },
});

/** What a caller may reach of an action, and by which role. */
export interface Access {
  readonly role: Role;
  readonly scope: Scope;
}

/**
 * The access of somebody with these roles, undefined when none of them has a cell. Of several roles the first of ADMIN,
 * SELLER, USER counts: scopes are not added up, so that it stays clear as whom somebody acts.
 */
export function accessOf({ allow }: Permission, held: readonly Role[]): Access | undefined {
  if (typeof allow === 'string') return undefined;
  for (const role of roles) {
    const scope = held.includes(role) ? allow[role] : undefined;
    if (scope !== undefined) return { role, scope };
  }
  return undefined;
}

/** A sentence for people: who may call it, and how much of it they reach. */
export const describeAccess = ({ allow }: Permission): string => {
  if (allow === 'anyone') return 'No token is needed.';
  if (allow === 'chaos token') return 'For who knows the chaos token.';
  const cells = roles.toReversed().flatMap((role) => {
    const scope = allow[role];
    return scope === undefined ? [] : [scope === 'all' ? role : `${role} (${scope})`];
  });
  return `For ${cells.join(', ')}.`;
};
