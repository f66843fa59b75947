// The catalogue shows what the code declares: releases with their differences, readers, and the permission tables.
import { describe, expect, it } from 'vitest';
import { readContract, type Contract, type Release } from '../../../../schemas/tools/releases.ts';
import { silentLogger } from '../../../platform/process/silent-logger.ts';
import { createHealth } from '../../../platform/http/routes/health.ts';
import { createDashboardApp } from '../http.ts';
import { createIssuer, demoUsers } from '../identity.ts';
import { generateKeyPair } from 'jose';
import { catalogueOf, changesOf } from './event-catalogue.ts';
import { permissionMatrix } from './permission-matrix.ts';

const contract = readContract();

/** The contract with an unreleased version of `order.created` that has one more field. */
const withUnits = (): Contract => {
  const change = (schema: Release['schema']): Release['schema'] => ({
    ...schema,
    fields: [...schema.fields, { name: 'units', type: 'int', default: 0, doc: 'Units over all lines.' }],
  });
  return {
    ...contract,
    workingSchemas: contract.workingSchemas.map((schema) =>
      schema.eventType === 'order.created' ? change(schema) : schema,
    ),
  };
};
const orderCreated = (source: Contract) => catalogueOf(source).find(({ type }) => type === 'order.created');

describe('the events', () => {
  it('are complete, with their producers and readers', () => {
    expect(catalogueOf(contract)).toHaveLength(contract.workingSchemas.length);
    expect(orderCreated(contract)).toMatchObject({
      topic: 'order-events',
      producer: 'order',
      key: 'orderId',
      subject: 'orderflow.order.OrderCreated',
      readers: [{ service: 'inventory' }, { service: 'payment' }],
    });
  });

  it('list the fields of nested records with their paths', () => {
    const fields = orderCreated(contract)?.versions.at(-1)?.fields ?? [];
    expect(fields.find(({ path }) => path === 'items[].unitPrice.currency')).toMatchObject({
      depth: 2,
      name: 'currency',
      type: 'string',
    });
    expect(fields.find(({ path }) => path === 'payment.token')).toMatchObject({ default: 'null' });
    expect(fields.find(({ path }) => path === 'payment.mode')?.symbols).toContain('MANUAL');
  });

  it('include an unreleased version', () => {
    const released = orderCreated(contract)?.versions.length ?? 0;
    const versions = orderCreated(withUnits())?.versions ?? [];
    expect(versions).toHaveLength(released + 1);
    expect(versions.at(-1)?.id).toBeNull();
  });

  it('list the changes between two versions', () => {
    const released = orderCreated(contract)?.versions.length ?? 0;
    expect(changesOf(withUnits(), 'order.created', released, released + 1)).toMatchObject({
      compatibility: 'FULL',
      changes: [{ path: 'units', kind: 'added', what: '`int`, default `0`' }],
    });
    expect(changesOf(contract, 'order.created', 1, 1)?.changes).toEqual([]);
    expect(changesOf(contract, 'order.created', 1, 99)).toBeUndefined();
    expect(changesOf(contract, 'order.lost', 1, 1)).toBeUndefined();
  });
});

describe('the permission matrix', () => {
  it('has the actions of single processes and the shared actions', () => {
    const matrix = permissionMatrix();
    expect(matrix.find(({ action }) => action === 'orders.place')).toEqual({
      on: ['order'],
      action: 'orders.place',
      method: 'POST',
      path: '/api/v1/orders',
      allow: { USER: 'own' },
      optional: false,
    });
    expect(matrix.find(({ action }) => action === 'audit.list')?.on).toEqual([
      'order',
      'inventory',
      'payment',
    ]);
    expect(matrix.find(({ action }) => action === 'metrics.read')?.on).toHaveLength(6);
  });
});

describe('the routes', () => {
  const open = async () => {
    const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
    const app = createDashboardApp({
      logger: silentLogger('dashboard'),
      health: createHealth({ checks: {} }),
      parts: () => Promise.reject(new Error('not asked')),
      issuer: createIssuer({
        issuer: 'http://issuer.example',
        audience: 'orderflow',
        keys: () => ({ kid: 'one', privateKey, jwks: { keys: [] } }),
        users: demoUsers,
      }),
      sessionKey: new Uint8Array(32).fill(1),
      services: {
        order: 'http://127.0.0.1:1',
        inventory: 'http://127.0.0.1:1',
        payment: 'http://127.0.0.1:1',
        auditor: 'http://127.0.0.1:1',
      },
    });
    const signIn = async (email: string): Promise<string> => {
      const login = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password: 'orderflow' }),
      };
      const answer = await app.request('/session', login, {});
      return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    };
    return { app, signIn };
  };

  it.each([
    '/api/catalogue/events',
    '/api/catalogue/events/order.created/changes?from=1&to=1',
    '/api/catalogue/permissions',
  ])('are only for administrators: %s', async (path) => {
    const { app, signIn } = await open();
    const get = async (email?: string) =>
      app.request(path, { headers: email === undefined ? {} : { cookie: await signIn(email) } }, {});
    const [anonymous, seller, admin] = [
      await get(),
      await get('seller@orderflow.io'),
      await get('admin@orderflow.io'),
    ];
    expect(anonymous.status).toBe(401);
    expect(await anonymous.json()).toMatchObject({ code: 'unauthenticated', detail: 'Sign in first.' });
    expect(seller.status).toBe(403);
    expect(await seller.json()).toMatchObject({ code: 'forbidden' });
    expect(admin.status).toBe(200);
    expect(admin.headers.get('cache-control')).toBe('private, no-cache');
  });

  it('respond 404 for an unknown version', async () => {
    const { app, signIn } = await open();
    const headers = { cookie: await signIn('admin@orderflow.io') };
    const path = '/api/catalogue/events/order.created/changes?from=1&to=99';
    const answer = await app.request(path, { headers }, {});
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'not_found' }]);
  });
});
