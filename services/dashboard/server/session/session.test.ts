import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { generateKeyPair, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../platform/process/silent-logger.ts';
import { createHealth } from '../../../platform/http/routes/health.ts';
import { serveApp, type RunningServer } from '../../../platform/http/server/serve.ts';
import { createDashboardApp } from '../http.ts';
import { createIssuer, demoUsers } from '../identity.ts';
import { loadSessionKey } from './session-key.ts';
import { sessionFrom } from './session-token.ts';
import { createSessions } from './sessions.ts';

const key = new Uint8Array(32).fill(1);

let service: Server;
let received: IncomingMessage[];
let running: RunningServer[];
beforeEach(async () => {
  received = [];
  running = [];
  service = createServer((request, response) => {
    received.push(request);
    response.setHeader('content-type', 'application/json');
    response.setHeader('set-cookie', 'from=service');
    response.setHeader('etag', '"v1-abc"');
    response.end('{"data":[]}');
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await Promise.all(running.map((server) => server.close(0)));
  await new Promise((resolve) => service.close(resolve));
});

const serve = async ({ sessionKey = key }: { sessionKey?: Uint8Array } = {}) => {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const logger = silentLogger('dashboard');
  const at = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const app = createDashboardApp({
    logger,
    health: createHealth({ checks: {} }),
    parts: () => Promise.reject(new Error('not asked')),
    issuer: createIssuer({
      issuer: 'http://issuer.example',
      audience: 'orderflow',
      keys: () => ({ kid: 'one', privateKey, jwks: { keys: [] } }),
      users: demoUsers,
    }),
    sessionKey,
    services: { order: at, inventory: 'http://127.0.0.1:1', payment: at, auditor: at },
    loginsPerMinute: 5,
  });
  const server = await serveApp(app, { host: '127.0.0.1', port: 0, logger });
  running.push(server);
  const base = `http://127.0.0.1:${server.port}`;
  const signIn = (headers: Record<string, string> = {}, password = 'orderflow') =>
    fetch(`${base}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ email: 'user@orderflow.io', password }),
    });
  const cookieFrom = (response: Response): string =>
    (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const whoIs = async (cookie: string) =>
    (
      (await (await fetch(`${base}/session`, { headers: { cookie } })).json()) as {
        user: { id: string } | null;
      }
    ).user;
  return { base, signIn, cookieFrom, whoIs };
};

describe('a session', () => {
  it('is a cookie that scripts cannot read, and the response has no token in its body', async () => {
    const { signIn, cookieFrom, whoIs } = await serve();
    const response = await signIn();
    expect(response.headers.get('set-cookie')).toMatch(/HttpOnly.*SameSite=Lax/);
    expect(await response.text()).not.toMatch(/eyJ/);
    expect(await whoIs(cookieFrom(response))).toEqual({
      id: 'user-customer-001',
      email: 'user@orderflow.io',
      roles: ['USER'],
    });
  });

  it('survives a restart of the server, but not a change of the session key', async () => {
    const before = await serve();
    const cookie = before.cookieFrom(await before.signIn());
    expect(await (await serve()).whoIs(cookie)).not.toBeNull();
    expect(await (await serve({ sessionKey: new Uint8Array(32).fill(2) })).whoIs(cookie)).toBeNull();
  });

  it('has no user when the cookie is missing, changed or forged', async () => {
    const { signIn, cookieFrom, whoIs } = await serve();
    const cookie = cookieFrom(await signIn());
    const changed = `${cookie.slice(0, -4)}${cookie.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
    for (const given of ['', changed, 'orderflow_session=x', 'orderflow_session=a.b.c.d.e'])
      expect(await whoIs(given)).toBeNull();
  });

  it('gets a new cookie at each login, even if the request already has one', async () => {
    const { signIn, cookieFrom } = await serve();
    const planted = cookieFrom(await signIn());
    expect(cookieFrom(await signIn({ cookie: planted }))).not.toBe(planted);
  });

  it('ends with a sign-out', async () => {
    const { base, signIn, cookieFrom } = await serve();
    const cookie = cookieFrom(await signIn());
    const response = await fetch(`${base}/session`, { method: 'DELETE', headers: { cookie } });
    expect(await response.json()).toEqual({ continueAt: null });
    expect(response.headers.get('set-cookie')).toMatch(/^orderflow_session=;.*Max-Age=0/);
  });

  it('is protected against guessing: logins are limited per address', async () => {
    const { signIn } = await serve();
    const answers: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) answers.push((await signIn({}, 'wrong')).status);
    expect(answers).toEqual([401, 401, 401, 401, 401, 429, 429]);
  });

  it('has the user and the known roles of its token; a token without a known role is refused', () => {
    const token = (claims: object): string =>
      `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
    const claims = { sub: 'u', email: 'u@x', roles: ['ADMIN'], iat: 1, exp: 2 };
    expect(sessionFrom({ accessToken: token(claims) }).user).toEqual({
      id: 'u',
      email: 'u@x',
      roles: ['ADMIN'],
    });
    const rolesOf = (held: unknown) =>
      sessionFrom({ accessToken: token({ ...claims, roles: held }) }).user.roles;
    expect(rolesOf(['offline_access', 'SELLER'])).toEqual(['SELLER']);
    for (const none of [undefined, [], ['offline_access']]) expect(() => rolesOf(none)).toThrow();
  });
});

describe('a session whose renewed token has no known role', () => {
  const now = Math.floor(Date.now() / 1_000);
  const tokenOf = (role: string, secondsLeft: number): string =>
    new UnsecuredJWT({ roles: [role] })
      .setSubject('user-001')
      .setIssuedAt(now - 600)
      .setExpirationTime(now + secondsLeft)
      .encode();

  it.each([
    ['lasts until its access token expires', 300, { user: { id: 'user-001', roles: ['USER'] } }],
    ['has ended when its access token has expired', -1, null],
  ])('%s', async (_, secondsLeft, expected) => {
    const sessions = createSessions(key, false, () =>
      Promise.resolve({ accessToken: tokenOf('VISITOR', 300) }),
    );
    const app = new Hono()
      .post('/', async (c) => {
        const tokens = { accessToken: tokenOf('USER', secondsLeft), refreshToken: 'r' };
        return c.json(await sessions.begin(c, tokens));
      })
      .get('/', async (c) => c.json((await sessions.current(c)) ?? null));
    const cookie =
      (await app.request('/', { method: 'POST' })).headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const response = await app.request('/', { headers: { cookie } });
    const session: unknown = await response.json();
    if (expected === null) expect(session).toBeNull();
    else expect(session).toMatchObject(expected);
  });
});

describe('a change', () => {
  it.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('from a page of another origin is refused: %o', async (headers: Record<string, string>) => {
    const { base, signIn, cookieFrom } = await serve();
    const cookie = cookieFrom(await signIn());
    expect((await signIn(headers)).status).toBe(403);
    const answer = await fetch(`${base}/api/order/orders`, {
      method: 'POST',
      headers: { cookie, ...headers },
      body: '{}',
    });
    expect(await answer.json()).toMatchObject({ status: 403, code: 'other_origin' });
    expect(received).toEqual([]);
  });

  it('from a page of the dashboard is accepted', async () => {
    const { base, signIn } = await serve();
    expect((await signIn({ origin: base, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });
});

describe('the proxy to a service', () => {
  it('forwards the token of the session and only the allowed headers', async () => {
    const { base, signIn, cookieFrom } = await serve();
    const cookie = cookieFrom(await signIn());
    const answer = await fetch(`${base}/api/order/orders?limit=5`, {
      headers: {
        cookie,
        authorization: 'Bearer of-somebody-else',
        'if-none-match': '"v1-abc"',
        'x-forwarded-for': '10.0.0.1',
      },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('etag')).toBe('"v1-abc"');
    expect(answer.headers.get('set-cookie')).toBeNull();
    const [request] = received;
    expect(request?.url).toBe('/api/v1/orders?limit=5');
    expect(request?.headers.authorization).toMatch(/^Bearer eyJ/);
    expect(request?.headers['if-none-match']).toBe('"v1-abc"');
    expect(request?.headers.cookie).toBeUndefined();
    expect(request?.headers['x-forwarded-for']).toBeUndefined();
  });

  it('needs a session', async () => {
    const { base } = await serve();
    const answer = await fetch(`${base}/api/order/orders`, { headers: { authorization: 'Bearer x' } });
    expect(answer.status).toBe(401);
    expect(received).toEqual([]);
  });

  it.each([
    '/api/order/../../metrics',
    '/api/order/%2e%2e/%2e%2e/chaos/faults',
    '/api/order/..%2f..%2fmetrics',
  ])('never forwards to a path outside /api/v1: %s', async (path) => {
    const { base, signIn, cookieFrom } = await serve();
    const cookie = cookieFrom(await signIn());
    // Unlike fetch, this request sends dot segments as they are.
    await new Promise<void>((resolve, reject) => {
      httpRequest(base, { path, headers: { cookie } }, (answer) => {
        answer.resume().on('end', () => resolve());
      })
        .on('error', reject)
        .end();
    });
    expect(received.map(({ url }) => url).filter((url) => !url?.startsWith('/api/v1/'))).toEqual([]);
  });

  it('names the service that is not responding', async () => {
    const { base, signIn, cookieFrom } = await serve();
    const cookie = cookieFrom(await signIn());
    const answer = await fetch(`${base}/api/inventory/products`, { headers: { cookie } });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      code: 'unavailable',
      detail: 'The inventory service is not responding.',
    });
  });
});

describe('the session key', () => {
  it('is created once, readable only by its owner; a damaged file is refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'session-key-'));
    try {
      const file = join(folder, 'deep', 'session.key');
      const [first, second] = await Promise.all([loadSessionKey(file), loadSessionKey(file)]);
      expect(first).toEqual(second);
      expect(await readFile(file)).toEqual(Buffer.from(first));
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      await writeFile(file, 'short');
      await expect(loadSessionKey(file)).rejects.toThrow(`The session key in ${file} is not 32 bytes long`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
