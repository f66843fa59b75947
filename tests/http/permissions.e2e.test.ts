// Tests every cell of the permission table over HTTP, for the actions that require credentials. The response is 401 without
// credentials, 403 without permission, 404 for a resource of another person, and in all other cases the status given below. The
// tests are generated from the table. This file does not compile unless each of these actions has a request.
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  actions,
  permissionOf,
  permissions,
  type Action,
} from '../../scripts/quality/documents/all-permissions.ts';
import { roles, type Role } from '../../services/platform/http/endpoint/permissions.ts';
import {
  eventually,
  newProduct,
  orderWith,
  payment,
  place,
  stack,
  tokenOf,
  type Person,
} from '../support/shop.ts';

const guardedProcesses = ['order', 'inventory', 'payment', 'auditor', 'dashboard'] as const;
type Service = (typeof guardedProcesses)[number];
type Table = typeof permissions;
/** The actions that require an access token. */
type Guarded = { [A in Action]: Table[A]['allow'] extends string ? never : A }[Action];

interface Fixtures {
  /** A product of the seller. */
  readonly product: string;
  /** Orders of the customer, with lines of the seller: one PAID, one unpaid (MANUAL), one to be cancelled. */
  readonly paid: string;
  readonly unpaid: string;
  readonly toCancel: string;
}
interface Request {
  readonly path: string;
  readonly body?: unknown;
  /** The status of the response to a caller with permission. */
  readonly allowed: number;
}

const reason = { reason: 'the permission table is being tested' };
const letters = '/api/v1/dead-letters';
const unknownId = randomUUID();

/** The request of each action, in a sequence in which each request still gets its expected status. */
const requests: Readonly<Record<Guarded, (f: Fixtures) => Request>> = {
  'orders.place': ({ product }) => ({
    path: '/api/v1/orders',
    body: {
      items: [{ productId: product, quantity: 1 }],
      payment: { mode: 'MANUAL', method: 'card' },
    },
    allowed: 201,
  }),
  'orders.list': () => ({ path: '/api/v1/orders?limit=100', allowed: 200 }),
  'orders.read': ({ paid }) => ({ path: `/api/v1/orders/${paid}`, allowed: 200 }),
  'orders.history': ({ paid }) => ({ path: `/api/v1/orders/${paid}/history`, allowed: 200 }),
  'orders.events': ({ paid }) => ({ path: `/api/v1/orders/${paid}/events`, allowed: 200 }),
  'orders.repair': ({ paid }) => ({ path: `/api/v1/orders/${paid}/repair`, body: reason, allowed: 200 }),
  'orders.confirm': ({ paid }) => ({ path: `/api/v1/orders/${paid}/confirm`, allowed: 200 }),
  'orders.fulfill': ({ paid }) => ({ path: `/api/v1/orders/${paid}/fulfill`, allowed: 200 }),
  'orders.cancel': ({ toCancel }) => ({ path: `/api/v1/orders/${toCancel}/cancel`, allowed: 200 }),
  'products.list': () => ({ path: '/api/v1/products', allowed: 200 }),
  'products.read': ({ product }) => ({ path: `/api/v1/products/${product}`, allowed: 200 }),
  'products.create': () => ({
    path: '/api/v1/products',
    body: {
      name: 'Thing',
      sku: `P-${randomUUID().slice(0, 8)}`,
      price: { amountMinor: 1, currency: 'EUR' },
      quantity: 1,
    },
    allowed: 201,
  }),
  'products.change': ({ product }) => ({
    path: `/api/v1/products/${product}`,
    body: { name: 'Another name' },
    allowed: 200,
  }),
  'products.restock': ({ product }) => ({
    path: `/api/v1/products/${product}/restock`,
    body: { quantity: 1 },
    allowed: 200,
  }),
  'products.movements': ({ product }) => ({ path: `/api/v1/products/${product}/movements`, allowed: 200 }),
  'reservations.read': ({ paid }) => ({ path: `/api/v1/reservations?orderId=${paid}`, allowed: 200 }),
  'reservations.repair': ({ paid }) => ({
    path: `/api/v1/reservations/${paid}/repair`,
    body: reason,
    allowed: 200,
  }),
  'payments.read': ({ paid }) => ({ path: `/api/v1/payments/${paid}`, allowed: 200 }),
  'payments.repair': ({ paid }) => ({ path: `/api/v1/payments/${paid}/repair`, body: reason, allowed: 200 }),
  'payments.pay': ({ unpaid }) => ({
    path: `/api/v1/payments/${unpaid}/pay`,
    body: { token: 'tok_success' },
    allowed: 202,
  }),
  'gateway.circuit': () => ({ path: '/api/v1/gateway', allowed: 200 }),
  'dead-letters.list': () => ({ path: letters, allowed: 200 }),
  'dead-letters.groups': () => ({ path: `${letters}/groups`, allowed: 200 }),
  'dead-letters.read': () => ({ path: `${letters}/${unknownId}`, allowed: 404 }),
  'dead-letters.replay-group': () => ({
    path: `${letters}/replay`,
    body: { fingerprint: 'unknown fingerprint' },
    allowed: 200,
  }),
  'dead-letters.replay': () => ({ path: `${letters}/${unknownId}/replay`, allowed: 404 }),
  'dead-letters.archive': () => ({ path: `${letters}/${unknownId}/archive`, body: reason, allowed: 404 }),
  'audit.list': () => ({ path: '/api/v1/audit', allowed: 200 }),
  'audit.verify': () => ({ path: '/api/v1/audit/verification', allowed: 200 }),
  'flow.read': () => ({ path: '/api/v1/flow', allowed: 200 }),
  'pipelines.read': () => ({ path: '/api/v1/pipelines', allowed: 200 }),
  'incidents.read': () => ({ path: '/api/v1/incidents', allowed: 200 }),
  'invariants.read': () => ({ path: '/api/v1/invariants', allowed: 200 }),
  'connectors.restart': () => ({ path: '/api/v1/connectors/payment/restart', allowed: 202 }),
  'connectors.pause': () => ({ path: '/api/v1/connectors/payment/pause', allowed: 202 }),
  'connectors.resume': () => ({ path: '/api/v1/connectors/payment/resume', allowed: 202 }),
  'stories.read': ({ paid }) => ({ path: `/api/v1/stories/${paid}`, allowed: 200 }),
  'catalogue.events': () => ({ path: '/api/catalogue/events', allowed: 200 }),
  'catalogue.changes': () => ({
    path: '/api/catalogue/events/order.created/changes?from=1&to=1',
    allowed: 200,
  }),
  'catalogue.permissions': () => ({ path: '/api/catalogue/permissions', allowed: 200 }),
};

/** For each role, the owner of the fixtures and another person with the same role. */
const people: Record<Role, { readonly owner: Person; readonly stranger?: Person }> = {
  USER: { owner: 'user', stranger: 'user2' },
  SELLER: { owner: 'seller', stranger: 'seller2' },
  ADMIN: { owner: 'admin' },
};
/** Whether the path has an id. Without an id, another person with the same role gets their own data instead of 404. */
const hasId = (action: Action): boolean => permissions[action].path.includes('{');

const sessions = new Map<Person, Promise<string>>();
/** The session cookie of a person at the dashboard. */
const sessionOf = (person: Person): Promise<string> => {
  const begin = async (): Promise<string> => {
    const response = await fetch(`${stack.urls.dashboard}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: `${person}@orderflow.io`, password: 'orderflow' }),
      signal: AbortSignal.timeout(15_000),
    });
    return response.headers.get('set-cookie')?.split(';')[0] ?? '';
  };
  const session = sessions.get(person) ?? begin();
  sessions.set(person, session);
  return session;
};

/** The credentials of a person: a token for the services, a session cookie for the dashboard. */
const credentials = async (service: Service, as: Person): Promise<Record<string, string>> =>
  service === 'dashboard'
    ? { cookie: await sessionOf(as) }
    : { authorization: `Bearer ${await tokenOf(as)}` };

let fixtures: Fixtures;
beforeAll(async () => {
  const { id: product } = await newProduct(1_000);
  const items = [{ productId: product, quantity: 1 }];
  const [{ id: paid }, { id: unpaid }, { id: toCancel }] = await Promise.all([
    place({ items }),
    place({ items, mode: 'MANUAL' }),
    place({ items, mode: 'MANUAL' }),
  ]);
  await orderWith(paid, 'PAID');
  await orderWith(unpaid, 'CONFIRMED');
  await eventually('the payment service knows the order', () => payment(unpaid));
  fixtures = { product, paid, unpaid, toCancel };
});

/** The status of the response. The body is not read, because the body of an event stream would not end. */
const statusOf = async (service: Service, action: Guarded, as?: Person): Promise<number> => {
  const { path, body } = requests[action](fixtures);
  const response = await fetch(`${stack.urls[service]}${path}`, {
    method: permissions[action].method.toUpperCase(),
    headers: {
      ...(as === undefined ? {} : await credentials(service, as)),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(15_000),
  });
  await response.body?.cancel();
  return response.status;
};

interface Cell {
  readonly service: Service;
  readonly action: Guarded;
  readonly who: string;
  readonly as: Person | undefined;
  readonly expected: number;
}

const isGuarded = (action: Action): action is Guarded => typeof permissionOf(action).allow !== 'string';
const isService = (process: string): process is Service =>
  guardedProcesses.some((known) => known === process);
const sequence = Object.keys(requests);

const cells = actions
  .filter(isGuarded)
  .sort((one, other) => sequence.indexOf(one) - sequence.indexOf(other))
  .flatMap((action) => {
    const { processes, allow } = permissionOf(action);
    return processes.filter(isService).flatMap((service): Cell[] => [
      { service, action, who: 'a caller without credentials', as: undefined, expected: 401 },
      ...roles.flatMap((role): Cell[] => {
        const scope = typeof allow === 'string' ? undefined : allow[role];
        const { owner, stranger } = people[role];
        const allowed = requests[action]({ product: '', paid: '', unpaid: '', toCancel: '' }).allowed;
        if (scope === undefined) {
          return [{ service, action, who: `${role} without permission`, as: owner, expected: 403 }];
        }
        const outside: Cell[] =
          stranger === undefined || scope === 'all'
            ? []
            : [
                {
                  service,
                  action,
                  who: `${role}, ${scope}, data of another person`,
                  as: stranger,
                  expected: hasId(action) ? 404 : allowed,
                },
              ];
        return [...outside, { service, action, who: `${role}, ${scope}`, as: owner, expected: allowed }];
      }),
    ]);
  });

describe('the permission table', () => {
  // Requests that fail are sent first, because they change nothing.
  const cellsInSequence = [
    ...cells.filter(({ expected }) => expected >= 400),
    ...cells.filter(({ expected }) => expected < 400),
  ];
  it.each(cellsInSequence)(
    '$action at $service for $who → $expected',
    async ({ service, action, as, expected }) => {
      expect(await statusOf(service, action, as)).toBe(expected);
    },
  );

  it('shows no orders of other people in a list', async () => {
    const listed = async (as: Person): Promise<string[]> => {
      const response = await fetch(`${stack.urls.order}/api/v1/orders?limit=100`, {
        headers: { authorization: `Bearer ${await tokenOf(as)}` },
        signal: AbortSignal.timeout(15_000),
      });
      const { data } = z.object({ data: z.array(z.object({ id: z.string() })) }).parse(await response.json());
      return data.map(({ id }) => id);
    };
    const all = [fixtures.paid, fixtures.unpaid, fixtures.toCancel];
    expect((await listed('user')).filter((id) => all.includes(id))).toHaveLength(3);
    expect((await listed('seller')).filter((id) => all.includes(id))).toHaveLength(3);
    expect((await listed('user2')).filter((id) => all.includes(id))).toEqual([]);
    expect((await listed('seller2')).filter((id) => all.includes(id))).toEqual([]);
  });

  it('shows a seller no reservation of an order without their lines', async () => {
    const response = await fetch(`${stack.urls.inventory}/api/v1/reservations?orderId=${fixtures.paid}`, {
      headers: { authorization: `Bearer ${await tokenOf('seller2')}` },
      signal: AbortSignal.timeout(15_000),
    });
    expect(await response.json()).toEqual({ data: [] });
  });
});
