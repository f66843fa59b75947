// Who may do what: the one table. An endpoint can only be made from an entry of it (endpoint.ts), so what is not written
// here cannot be called, and what is written here is what is enforced, documented and tested, cell by cell.

export type Role = 'USER' | 'SELLER' | 'ADMIN';
export const roles = ['ADMIN', 'SELLER', 'USER'] as const satisfies readonly Role[];

/**
 * How much of the resource a role reaches. `own`: what belongs to the caller. `own lines`: orders with lines of the
 * caller, and of those only these lines. Whatever is outside of the scope does not exist for the caller: 404.
 */
export type Scope = 'all' | 'own' | 'own lines';

type Process = 'order' | 'inventory' | 'payment' | 'gateway' | 'dashboard' | 'auditor';

/** Whom an entry lets pass: everybody, who knows the chaos token, or the roles that have a cell. */
export type Allowed = 'anyone' | 'chaos token' | Readonly<Partial<Record<Role, Scope>>>;

export interface Permission {
  readonly on: readonly Process[];
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: `/${string}`;
  readonly allow: Allowed;
  /** Registered only where it is switched on. */
  readonly optional?: true;
}

const everywhere = ['order', 'inventory', 'payment', 'gateway', 'dashboard', 'auditor'] as const;
const services = ['order', 'inventory', 'payment'] as const;
const administrators = { ADMIN: 'all' } as const;
const signedIn = { USER: 'all', SELLER: 'all', ADMIN: 'all' } as const;

export const permissions = {
  // Orders. An administrator reads everything and changes no order: a repair only says its state again.
  'orders.place': { on: ['order'], method: 'post', path: '/api/v1/orders', allow: { USER: 'own' } },
  'orders.list': {
    on: ['order'],
    method: 'get',
    path: '/api/v1/orders',
    allow: { USER: 'own', SELLER: 'own lines', ADMIN: 'all' },
  },
  'orders.read': {
    on: ['order'],
    method: 'get',
    path: '/api/v1/orders/{id}',
    allow: { USER: 'own', SELLER: 'own lines', ADMIN: 'all' },
  },
  'orders.history': {
    on: ['order'],
    method: 'get',
    path: '/api/v1/orders/{id}/history',
    allow: { USER: 'own', ADMIN: 'all' },
  },
  'orders.events': {
    on: ['order'],
    method: 'get',
    path: '/api/v1/orders/{id}/events',
    allow: { USER: 'own', SELLER: 'own lines', ADMIN: 'all' },
  },
  'orders.cancel': {
    on: ['order'],
    method: 'post',
    path: '/api/v1/orders/{id}/cancel',
    allow: { USER: 'own' },
  },
  'orders.confirm': {
    on: ['order'],
    method: 'post',
    path: '/api/v1/orders/{id}/confirm',
    allow: { SELLER: 'own lines' },
  },
  'orders.fulfill': {
    on: ['order'],
    method: 'post',
    path: '/api/v1/orders/{id}/fulfill',
    allow: { SELLER: 'own lines' },
  },
  'orders.repair': {
    on: ['order'],
    method: 'post',
    path: '/api/v1/orders/{id}/repair',
    allow: administrators,
  },

  // Products and their stock.
  'products.list': { on: ['inventory'], method: 'get', path: '/api/v1/products', allow: signedIn },
  'products.read': { on: ['inventory'], method: 'get', path: '/api/v1/products/{id}', allow: signedIn },
  'products.create': {
    on: ['inventory'],
    method: 'post',
    path: '/api/v1/products',
    allow: { SELLER: 'own' },
  },
  'products.change': {
    on: ['inventory'],
    method: 'patch',
    path: '/api/v1/products/{id}',
    allow: { SELLER: 'own' },
  },
  'products.restock': {
    on: ['inventory'],
    method: 'post',
    path: '/api/v1/products/{id}/restock',
    allow: { SELLER: 'own' },
  },
  'products.movements': {
    on: ['inventory'],
    method: 'get',
    path: '/api/v1/products/{id}/movements',
    allow: { SELLER: 'own', ADMIN: 'all' },
  },
  'reservations.read': {
    on: ['inventory'],
    method: 'get',
    path: '/api/v1/reservations',
    allow: { SELLER: 'own lines', ADMIN: 'all' },
  },
  'reservations.repair': {
    on: ['inventory'],
    method: 'post',
    path: '/api/v1/reservations/{orderId}/repair',
    allow: administrators,
  },

  // Payments.
  'payments.read': {
    on: ['payment'],
    method: 'get',
    path: '/api/v1/payments/{orderId}',
    allow: { USER: 'own', ADMIN: 'all' },
  },
  'payments.pay': {
    on: ['payment'],
    method: 'post',
    path: '/api/v1/payments/{orderId}/pay',
    allow: { USER: 'own' },
  },
  'payments.repair': {
    on: ['payment'],
    method: 'post',
    path: '/api/v1/payments/{orderId}/repair',
    allow: administrators,
  },
  'gateway.circuit': { on: ['payment'], method: 'get', path: '/api/v1/gateway', allow: administrators },

  // What every service has.
  'dead-letters.list': {
    on: services,
    method: 'get',
    path: '/api/v1/dead-letters',
    allow: administrators,
  },
  'dead-letters.groups': {
    on: services,
    method: 'get',
    path: '/api/v1/dead-letters/groups',
    allow: administrators,
  },
  'dead-letters.read': {
    on: services,
    method: 'get',
    path: '/api/v1/dead-letters/{id}',
    allow: administrators,
  },
  'dead-letters.replay-group': {
    on: services,
    method: 'post',
    path: '/api/v1/dead-letters/replay',
    allow: administrators,
  },
  'dead-letters.replay': {
    on: services,
    method: 'post',
    path: '/api/v1/dead-letters/{id}/replay',
    allow: administrators,
  },
  'dead-letters.archive': {
    on: services,
    method: 'post',
    path: '/api/v1/dead-letters/{id}/archive',
    allow: administrators,
  },
  'audit.list': { on: services, method: 'get', path: '/api/v1/audit', allow: administrators },
  'audit.verify': { on: services, method: 'get', path: '/api/v1/audit/verification', allow: administrators },
  'faults.arm': {
    on: services,
    method: 'post',
    path: '/chaos/faults',
    allow: 'chaos token',
    optional: true,
  },
  'faults.disarm': {
    on: services,
    method: 'delete',
    path: '/chaos/faults',
    allow: 'chaos token',
    optional: true,
  },

  // The identity issuer for development, and the page of the parts' health.
  'identity.token': {
    on: ['dashboard'],
    method: 'post',
    path: '/auth/token',
    allow: 'anyone',
    optional: true,
  },
  'identity.keys': {
    on: ['dashboard'],
    method: 'get',
    path: '/.well-known/jwks.json',
    allow: 'anyone',
    optional: true,
  },
  'identity.discovery': {
    on: ['dashboard'],
    method: 'get',
    path: '/.well-known/openid-configuration',
    allow: 'anyone',
    optional: true,
  },
  'parts.page': { on: ['dashboard'], method: 'get', path: '/', allow: 'anyone' },
  'parts.health': { on: ['dashboard'], method: 'get', path: '/health', allow: 'anyone' },

  // The auditor: ids and amounts only. Like the metrics it belongs on an internal network.
  'auditor.report': { on: ['auditor'], method: 'get', path: '/audit', allow: 'anyone' },
  'pipelines.report': { on: ['auditor'], method: 'get', path: '/pipelines', allow: 'anyone' },
  'pipelines.health': {
    on: ['auditor'],
    method: 'get',
    path: '/health/pipelines/{service}',
    allow: 'anyone',
  },

  // The mock provider has no accounts; it stands in for one that would know its merchants by a key.
  'charges.create': { on: ['gateway'], method: 'post', path: '/v1/charges', allow: 'anyone' },
  'charges.find': { on: ['gateway'], method: 'get', path: '/v1/charges', allow: 'anyone' },
  'charges.refund': {
    on: ['gateway'],
    method: 'post',
    path: '/v1/charges/{id}/refunds',
    allow: 'anyone',
  },
  'ledger.read': { on: ['gateway'], method: 'get', path: '/v1/ledger', allow: 'anyone' },
  'behaviour.read': { on: ['gateway'], method: 'get', path: '/v1/behaviour', allow: 'anyone' },
  'behaviour.change': { on: ['gateway'], method: 'put', path: '/v1/behaviour', allow: 'anyone' },

  // What every process tells about itself.
  'health.live': { on: everywhere, method: 'get', path: '/health/live', allow: 'anyone' },
  'health.ready': { on: everywhere, method: 'get', path: '/health/ready', allow: 'anyone' },
  'metrics.read': { on: everywhere, method: 'get', path: '/metrics', allow: 'anyone' },
  'api.document': { on: everywhere, method: 'get', path: '/openapi.json', allow: 'anyone' },
  'api.docs': { on: everywhere, method: 'get', path: '/docs', allow: 'anyone' },
  'api.docs-asset': { on: everywhere, method: 'get', path: '/docs/{asset}', allow: 'anyone' },
  'api.problem': { on: everywhere, method: 'get', path: '/problems/{code}', allow: 'anyone' },
} as const satisfies Record<string, Permission>;

export type Action = keyof typeof permissions;

const isAction = (name: string): name is Action => Object.hasOwn(permissions, name);
export const actions: readonly Action[] = Object.keys(permissions).filter(isAction);
export const permissionOf = (action: Action): Permission => permissions[action];

/** What a caller may reach of an action, and by which role. */
export interface Access {
  readonly role: Role;
  readonly scope: Scope;
}

/**
 * The access of somebody with these roles, undefined when none of them has a cell. Of several roles the first of ADMIN,
 * SELLER, USER counts: scopes are not added up, so that it stays clear as whom somebody acts.
 */
export function accessOf(action: Action, held: readonly Role[]): Access | undefined {
  const { allow } = permissionOf(action);
  if (typeof allow === 'string') return undefined;
  for (const role of roles) {
    const scope = held.includes(role) ? allow[role] : undefined;
    if (scope !== undefined) return { role, scope };
  }
  return undefined;
}

/** A sentence for people: who may call it, and how much of it they reach. */
export const describeAccess = (action: Action): string => {
  const { allow } = permissionOf(action);
  if (allow === 'anyone') return 'No token is needed.';
  if (allow === 'chaos token') return 'For who knows the chaos token.';
  const cells = roles.toReversed().flatMap((role) => {
    const scope = allow[role];
    return scope === undefined ? [] : [scope === 'all' ? role : `${role} (${scope})`];
  });
  return `For ${cells.join(', ')}.`;
};
