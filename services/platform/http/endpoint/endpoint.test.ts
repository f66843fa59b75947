// Every endpoint has a guard: no request reaches a handler before the guard admits it.
import { describe, expect, it } from 'vitest';
import { assertPermitted, endpoint } from './endpoint.ts';
import { createApp } from '../server/app.ts';
import { createAdmission, createConcurrencyLimiter } from '../limits/load-shedding.ts';
import { createLogger } from '../../process/logger.ts';
import { permissionTable, permissionsOfProcesses, type Role } from './permissions.ts';
import { problem } from './problem.ts';
import { createRateLimiter } from '../limits/rate-limit.ts';
import { callerOf, type Guards } from '../server/request-context.ts';
import { pageQuery } from '../request/shapes.ts';
import { createRoute, z } from '@hono/zod-openapi';

const permissions = permissionTable({
  'orders.history': {
    method: 'get',
    path: '/api/v1/orders/{id}/history',
    allow: { USER: 'own', ADMIN: 'all' },
  },
  'products.list': {
    method: 'get',
    path: '/api/v1/products',
    allow: { USER: 'all', SELLER: 'all', ADMIN: 'all' },
  },
  'products.create': { method: 'post', path: '/api/v1/products', allow: { SELLER: 'own' } },
});

const logger = createLogger({ service: 'test', level: 'error' });
const responses = { 200: { description: 'In' } };
const held = (text: string): Role[] => text.split(' ').filter((role): role is Role => role !== '');

/** The token lists the roles of the caller. */
const guards: Guards = {
  authenticate: (c) => {
    const token = c.req.header('authorization');
    if (token === undefined) throw problem('unauthenticated');
    return Promise.resolve({ subject: `with ${token}`, email: undefined, roles: held(token) });
  },
  rateLimiter: createRateLimiter({ requests: 1_000, windowSeconds: 60 }),
  admission: createAdmission(
    { inFlight: 10, eventLoopDelayMs: 1_000 },
    { delayMs: () => 0, stop: () => undefined },
  ),
  concurrencyLimiter: createConcurrencyLimiter(10),
  requestTimeoutMs: 10_000,
};
const build = (over: Partial<Guards> = {}) =>
  createApp({ logger, title: 'Test', guards: { ...guards, ...over } });
const get = (app: ReturnType<typeof build>, path: string, token?: string) =>
  app.request(path, { headers: token === undefined ? {} : { authorization: token } }, {});

describe('an endpoint', () => {
  it('gives its handler the role and the scope of the caller, and admits only the roles of its entry', async () => {
    const app = build();
    app.openapi(endpoint(permissions['orders.history'], { responses }), (c) => c.json(callerOf(c)));
    const path = '/api/v1/orders/1/history';
    expect(await (await get(app, path, 'USER')).json()).toMatchObject({ role: 'USER', scope: 'own' });
    expect(await (await get(app, path, 'ADMIN')).json()).toMatchObject({ role: 'ADMIN', scope: 'all' });
    expect((await get(app, path, 'SELLER')).status).toBe(403);
    expect((await get(app, path, '')).status).toBe(403);
    expect((await get(app, path)).status).toBe(401);
  });

  it('answers 429 with Retry-After to a caller over the rate limit, and only to that caller', async () => {
    const app = build({ rateLimiter: createRateLimiter({ requests: 2, windowSeconds: 60 }) });
    app.openapi(endpoint(permissions['products.list'], { responses }), (c) => c.text('in'));
    const statusOf = async (token: string) => (await get(app, '/api/v1/products', token)).status;
    expect([await statusOf('USER'), await statusOf('USER'), await statusOf('USER')]).toEqual([200, 200, 429]);
    const refused = await get(app, '/api/v1/products', 'USER');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await statusOf('SELLER')).toBe(200);
  });

  it('answers 503 when the handler takes too long', async () => {
    const app = build({ requestTimeoutMs: 20 });
    const never = Promise.withResolvers<Response>();
    app.openapi(endpoint(permissions['products.list'], { responses }), () => never.promise);
    const response = await get(app, '/api/v1/products', 'USER');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'timed_out' });
    never.resolve(new Response('late'));
  });

  it('counts a request until its work has ended, even after the 503 was sent', async () => {
    const admission = createAdmission({ inFlight: 1, eventLoopDelayMs: 1_000 });
    const app = build({ requestTimeoutMs: 20, admission });
    const work = Promise.withResolvers<Response>();
    app.openapi(endpoint(permissions['products.list'], { responses }), () => work.promise);
    const codeOf = async () =>
      z.object({ code: z.string() }).parse(await (await get(app, '/api/v1/products', 'USER')).json()).code;
    expect([await codeOf(), await codeOf()]).toEqual(['timed_out', 'overloaded']);
    work.resolve(new Response('late'));
    await expect.poll(admission.inFlight).toBe(0);
    admission.stop();
  });

  it('answers 429 to a caller with too many requests under way, and only to that caller', async () => {
    const app = build({ concurrencyLimiter: createConcurrencyLimiter(1) });
    const gate = Promise.withResolvers<Response>();
    app.openapi(endpoint(permissions['products.list'], { responses }), () => gate.promise);
    const first = get(app, '/api/v1/products', 'USER');
    const second = await get(app, '/api/v1/products', 'USER');
    expect(second.status).toBe(429);
    expect(second.headers.get('retry-after')).toBe('1');
    const other = get(app, '/api/v1/products', 'SELLER');
    gate.resolve(new Response('in'));
    expect([(await first).status, (await other).status]).toEqual([200, 200]);
    expect((await get(app, '/api/v1/products', 'USER')).status).toBe(200);
  });

  it('answers 503 immediately while too many requests are under way; probes are still answered', async () => {
    const admission = createAdmission({ inFlight: 1, eventLoopDelayMs: 1_000 });
    const app = build({ admission });
    const gate = Promise.withResolvers<Response>();
    app.openapi(endpoint(permissions['products.list'], { responses }), () => gate.promise);
    app.openapi(endpoint(permissionsOfProcesses['health.live'], { kind: 'probe', responses }), (c) =>
      c.text('alive'),
    );
    const first = get(app, '/api/v1/products', 'USER');
    const second = await get(app, '/api/v1/products', 'USER');
    expect(second.status).toBe(503);
    expect(second.headers.get('retry-after')).toBe('1');
    expect((await get(app, '/health/live')).status).toBe(200);
    gate.resolve(new Response('in'));
    expect((await first).status).toBe(200);
    expect(admission.inFlight()).toBe(0);
    admission.stop();
  });

  it('refuses a query parameter that it does not know', async () => {
    const app = build();
    const query = z.object(pageQuery);
    app.openapi(endpoint(permissions['products.list'], { request: { query }, responses }), (c) =>
      c.text('in'),
    );
    expect((await get(app, '/api/v1/products?limit=1', 'USER')).status).toBe(200);
    const refused = await get(app, '/api/v1/products?limit=1&pagesize=5', 'USER');
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({
      errors: [{ path: 'query.pagesize', message: 'Unknown field' }],
    });
  });

  it('documents its access and every problem of its guard and its input', async () => {
    const app = build();
    const query = z.object(pageQuery);
    app.openapi(
      endpoint(permissions['orders.history'], { request: { query }, responses, problems: [409] }),
      (c) => c.text('in'),
    );
    const document: unknown = await (await app.request('/openapi.json')).json();
    expect(document).toMatchObject({
      paths: {
        '/api/v1/orders/{id}/history': {
          get: {
            operationId: 'orders.history',
            description: 'Allowed for USER (own), ADMIN.',
            security: [{ bearer: [] }],
            'x-scopes': { USER: 'own', ADMIN: 'all' },
          },
        },
      },
    });
    const { responses: documented } = Object(document).paths['/api/v1/orders/{id}/history'].get;
    expect(Object.keys(documented)).toEqual(['200', '401', '403', '404', '409', '422', '429', '503']);
  });
});

describe('a body', () => {
  const body = {
    required: true,
    content: { 'application/json': { schema: z.object({ name: z.string() }) } },
  };
  const post = (bytes: Uint8Array<ArrayBuffer> | string, headers: Record<string, string> = {}) => {
    const app = build();
    app.openapi(endpoint(permissions['products.create'], { request: { body }, responses }), (c) =>
      c.json(c.req.valid('json')),
    );
    return app.request('/api/v1/products', {
      method: 'POST',
      headers: { authorization: 'SELLER', 'content-type': 'application/json', ...headers },
      body: bytes,
    });
  };

  it('that is UTF-8 arrives as it was sent', async () => {
    const response = await post('{"name":"Zürich 🏔"}', { 'content-type': 'application/json; charset=UTF-8' });
    expect(await response.json()).toEqual({ name: 'Zürich 🏔' });
  });

  it('that is not UTF-8 is refused instead of being repaired', async () => {
    const response = await post(Uint8Array.of(...Buffer.from('{"name":"'), 0xff, ...Buffer.from('"}')));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'malformed_json' });
  });

  it.each([
    ['a content coding', { 'content-encoding': 'gzip' }],
    ['another charset', { 'content-type': 'application/json; charset=utf-16' }],
    ['another charset in quotes', { 'content-type': 'application/json;Charset="latin1"' }],
  ])('in %s is refused with 415', async (_what, headers) => {
    expect((await post('{"name":"a"}', headers)).status).toBe(415);
  });

  it('is accepted with every valid form of a JSON Content-Type, and with no other Content-Type', async () => {
    const statusOf = async (type: string) => (await post('{"name":"Mug"}', { 'content-type': type })).status;
    for (const type of [
      'application/json',
      'application/json ; charset=UTF-8',
      'application/json;charset="utf-8"',
      'Application/JSON\t;\tcharset=utf-8 ; profile=a_b',
      'application/json;',
      'application/merge-patch+json; charset=utf-8',
    ]) {
      expect([type, await statusOf(type)]).toEqual([type, 200]);
    }
    for (const type of [
      'application/json charset=utf-8',
      'application/jsonp',
      'application/json, text/plain',
      'text/json',
      'application/json ; charset=latin1',
    ]) {
      expect([type, await statusOf(type)]).toEqual([type, 415]);
    }
  });

  it('is not read before its sender is authorised', async () => {
    expect((await post(Uint8Array.of(0xff), { authorization: 'USER' })).status).toBe(403);
  });
});

describe('an application', () => {
  it('with a route that is not in the permission table is refused', () => {
    const app = build();
    app.get('/api/v1/secret', (c) => c.text('in'));
    expect(() => {
      assertPermitted(app, 'a process', permissionsOfProcesses);
    }).toThrow('unlisted GET /api/v1/secret');
  });

  it('without a route that is in the permission table is refused', () => {
    expect(() => {
      assertPermitted(build(), 'a process', permissions, permissionsOfProcesses);
    }).toThrow(/missing .*POST \/api\/v1\/products/);
  });
});

describe('every response', () => {
  it('has the security headers, and no other origin may read it', async () => {
    const app = build();
    const response = await app.request('/nowhere', { headers: { origin: 'https://evil.example' } });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-security-policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    expect(response.headers.has('access-control-allow-origin')).toBe(false);
  });

  it('to a preflight request lists exactly the methods that the path has', async () => {
    const app = createApp({ logger, title: 'Test', guards, corsOrigins: ['https://shop.example'] });
    app.openapi(
      createRoute({ method: 'post', path: '/v1/things', responses: { 204: { description: 'Done' } } }),
      (c) => c.body(null, 204),
    );
    const methodsOf = async (path: string) => {
      const headers = { origin: 'https://shop.example', 'access-control-request-method': 'PUT' };
      const response = await app.request(path, { method: 'OPTIONS', headers });
      return response.headers.get('access-control-allow-methods');
    };
    expect(await methodsOf('/openapi.json')).toBe('GET,HEAD');
    expect(await methodsOf('/v1/things')).toBe('POST');
    expect(await methodsOf('/nowhere')).toBeNull();
  });

  it('may be read only by the configured origins', async () => {
    const app = createApp({ logger, title: 'Test', guards, corsOrigins: ['https://shop.example'] });
    const allowed = async (origin: string) => {
      const response = await app.request('/openapi.json', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'GET' },
      });
      return response.headers.get('access-control-allow-origin');
    };
    expect(await allowed('https://shop.example')).toBe('https://shop.example');
    expect(await allowed('https://evil.example')).toBeNull();
  });
});

describe('the documentation', () => {
  it('is complete without a network', async () => {
    const app = build();
    const page = await (await app.request('/docs')).text();
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
    const assets = [...page.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map(([, path = '']) => `/${path}`);
    expect(assets).toHaveLength(3);
    for (const path of assets) expect((await app.request(path)).status).toBe(200);
    expect((await app.request('/docs/package.json')).status).toBe(404);
    expect((await app.request('/docs/..%2fpackage.json')).status).toBe(404);
  });
});

describe('the metrics of requests', () => {
  it('have route patterns as labels, never paths', async () => {
    const app = build();
    await app.request('/problems/not_found');
    await app.request('/some/where/else');
    const metrics = await (await app.request('/metrics')).text();
    expect(metrics).toContain('route="/problems/:code",status="200"');
    expect(metrics).toContain('route="unmatched",status="404"');
    expect(metrics).not.toContain('else');
  });
});
