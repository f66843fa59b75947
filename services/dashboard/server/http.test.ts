import { decodeProtectedHeader } from 'jose';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { z } from 'zod';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuthenticator } from '../../platform/http/endpoint/auth.ts';
import { configurationExitCode } from '../../platform/process/settings/config.ts';
import { createHealth } from '../../platform/http/routes/health.ts';
import { serveApp, type RunningServer } from '../../platform/http/server/serve.ts';
import { createLogger } from '../../platform/process/logger.ts';
import { problemSchema } from '../../platform/http/endpoint/problem-document.ts';
import { createDashboardApp } from './http.ts';
import { createIssuer, demoUsers, type Issuer } from './identity.ts';
import { loadSigningKeys, rotateSigningKeys, type SigningKeys } from './signing-keys.ts';
import type { PartsReport } from './parts-health.ts';

let directory: string;
let server: RunningServer | undefined;
let log: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dashboard-'));
  log = '';
});
afterEach(async () => {
  await server?.close(0);
  server = undefined;
  await rm(directory, { recursive: true });
});

const report: PartsReport = {
  checkedAt: '2026-01-01T10:20:30.000Z',
  parts: [
    { name: 'order', status: 'ok', latencyMs: 1.5, detail: 'answers', pid: 12, restarts: 1, state: 'ready' },
    { name: 'kafka', status: 'unavailable', latencyMs: 2, detail: '<script>alert("x")</script>' },
  ],
};

const nowhere = 'http://127.0.0.1:1';

const serve = async ({ identity = true } = {}) => {
  const logger = createLogger({
    service: 'dashboard',
    level: 'debug',
    stream: new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        log += chunk.toString();
        done();
      },
    }),
  });
  await writeFile(join(directory, 'index.html'), '<!doctype html><title>pages</title>');
  const keysFile = join(directory, 'keys.json');
  let keys: SigningKeys = await loadSigningKeys(keysFile);
  // The issuer's URL contains the port, which is unknown until the server listens.
  const late: { issuer?: Issuer } = {};
  const whenListening = (): Issuer => {
    if (late.issuer === undefined) throw new Error('not listening yet');
    return late.issuer;
  };
  const issuer: Issuer = {
    jwks: () => keys.jwks,
    get discovery() {
      return whenListening().discovery;
    },
    login: (email, password) => whenListening().login(email, password),
    renew: (userId) => whenListening().renew(userId),
    demoUsers: [],
  };
  const app = createDashboardApp({
    logger,
    health: createHealth({ checks: {} }),
    parts: () => Promise.resolve(report),
    issuer: identity ? issuer : undefined,
    sessionKey: new Uint8Array(32),
    services: { order: nowhere, inventory: nowhere, payment: nowhere, auditor: nowhere },
    webFolder: directory,
  });
  server = await serveApp(app, { host: '127.0.0.1', port: 0, logger });
  const base = `http://127.0.0.1:${server.port}`;
  late.issuer = createIssuer({ issuer: base, audience: 'orderflow', keys: () => keys, users: demoUsers });
  const login = (body: unknown) =>
    fetch(`${base}/auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const rotate = async () => {
    keys = await rotateSigningKeys(keysFile, { renewAfterMs: 0, keepMs: 60_000 }, new Date());
  };
  return { base, login, rotate };
};

describe('POST /auth/token', () => {
  it.each(demoUsers)(
    'gives $email a token that the services accept',
    async ({ id, email, password, roles }) => {
      const { base, login } = await serve();
      const response = await login({ email, password });
      expect(response.headers.get('cache-control')).toBe('no-store');
      const token = z
        .strictObject({
          access_token: z.string(),
          token_type: z.literal('Bearer'),
          expires_in: z.literal(3600),
        })
        .parse(await response.json());
      const { verify } = createAuthenticator({ issuer: base, audience: 'orderflow' });
      expect(await verify(token.access_token)).toEqual({ subject: id, email, roles });
      await expect(
        createAuthenticator({ issuer: base, audience: 'others' }).verify(token.access_token),
      ).rejects.toMatchObject({ status: 401 });
      expect(log).not.toContain(token.access_token);
    },
  );

  it('responds the same to an unknown email and a wrong password', async () => {
    const { login } = await serve();
    const answers = await Promise.all(
      [
        { email: 'user@orderflow.io', password: 'wrong' },
        { email: 'nobody@orderflow.io', password: 'orderflow' },
      ].map(async (body) => {
        const response = await login(body);
        const { correlationId, ...rest } = problemSchema.parse(await response.json());
        expect(correlationId).toBe(response.headers.get('x-correlation-id'));
        return { status: response.status, challenge: response.headers.get('www-authenticate'), rest };
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).toMatchObject({
      status: 401,
      challenge: 'Bearer',
      rest: { code: 'wrong_credentials' },
    });
    expect(log).not.toMatch(/nobody|"password":"(wrong|orderflow)"/);
  });

  it.each([
    {},
    { email: 'user@orderflow.io' },
    { email: ['user@orderflow.io'], password: 'orderflow' },
    { email: 'user@orderflow.io', password: { $ne: '' } },
    { email: 'user@orderflow.io', password: 'x'.repeat(257) },
    { email: 'user@orderflow.io', password: 'orderflow', admin: true },
    null,
    [],
  ])('refuses the body %j', async (body) => {
    const { login } = await serve();
    expect((await login(body)).status).toBe(422);
  });

  it('issues tokens that stay valid across a rotation of the signing key', async () => {
    const { base, login, rotate } = await serve();
    const tokenOf = async () =>
      z
        .object({ access_token: z.string() })
        .parse(await (await login({ email: 'user@orderflow.io', password: 'orderflow' })).json())
        .access_token;
    const before = await tokenOf();
    await rotate();
    const after = await tokenOf();
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid);
    const { verify } = createAuthenticator({ issuer: base, audience: 'orderflow' });
    for (const token of [before, after]) {
      expect(await verify(token)).toMatchObject({ subject: 'user-customer-001' });
    }
  });

  it('does not exist without the built-in issuer', async () => {
    const { base, login } = await serve({ identity: false });
    expect((await login({ email: 'user@orderflow.io', password: 'orderflow' })).status).toBe(404);
    expect((await fetch(`${base}/.well-known/jwks.json`)).status).toBe(404);
  });
});

describe('the health of the components', () => {
  const functions = [
    { name: 'Shop and stock', status: 'ok' },
    {
      name: 'Orders',
      status: 'disrupted',
      effect: 'You can place orders. Their confirmation may take longer than usual. No order is lost.',
    },
    {
      name: 'Payments',
      status: 'disrupted',
      effect: 'Payments may take longer than usual. No order is charged twice.',
    },
  ];
  const healthFor = async (email?: string): Promise<unknown> => {
    const { base } = await serve();
    const session = await fetch(`${base}/session`, {
      method: email === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', origin: base },
      ...(email === undefined ? {} : { body: JSON.stringify({ email, password: 'orderflow' }) }),
    });
    expect(session.status).toBe(200);
    const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
    return (await fetch(`${base}/health`, { headers: { cookie } })).json();
  };

  it.each([
    ['somebody who is not signed in', undefined],
    ['a customer', 'user@orderflow.io'],
  ])('has only the functions of the shop, and no components, for %s', async (_who, email) => {
    expect(await healthFor(email)).toEqual({ checkedAt: report.checkedAt, functions });
  });

  it('has every component for an administrator', async () => {
    const { checkedAt, parts } = report;
    expect(await healthFor('admin@orderflow.io')).toEqual({ checkedAt, functions, parts });
  });
});

describe('the pages', () => {
  it('are served at every path, with a policy that forbids inline scripts', async () => {
    const { base } = await serve();
    for (const path of ['/', '/orders/1', '/shop?q=mug']) {
      const response = await fetch(base + path, { headers: { accept: 'text/html' } });
      expect(await response.text()).toContain('<title>pages</title>');
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
    }
  });

  it('need a request for HTML, except at the root; other requests and missing assets get a 404', async () => {
    const { base } = await serve();
    expect(await (await fetch(base)).text()).toContain('<title>pages</title>');
    expect((await fetch(`${base}/nothing`)).status).toBe(404);
    expect((await fetch(`${base}/assets/nothing.js`, { headers: { accept: 'text/html' } })).status).toBe(404);
  });
});

describe('start-up', () => {
  const start = (env: Record<string, string>) =>
    new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(
        process.execPath,
        [new URL('../main.ts', import.meta.url).pathname],
        { env: { OIDC_ISSUER: 'http://127.0.0.1:1', PORT: '0', ...env }, timeout: 20_000 },
        (error, _out, stderr) => resolve({ code: error?.code, stderr }),
      );
    });

  it('refuses the demo users in production', async () => {
    const { code, stderr } = await start({
      NODE_ENV: 'production',
      IDENTITY_KEYS_FILE: join(directory, 'k.json'),
    });
    expect(code).toBe(configurationExitCode);
    expect(stderr).toContain('NODE_ENV is "production"');
  });

  it.each([
    [{}, 'IDENTITY_KEYS_FILE is not set'],
    [{ HEALTH_TARGETS: '{' }, 'HEALTH_TARGETS is "{"'],
    [{ HEALTH_TARGETS: '[{"name":"x","kind":"udp"}]' }, 'HEALTH_TARGETS is '],
    [{ BUILT_IN_IDENTITY: 'maybe' }, 'BUILT_IN_IDENTITY is "maybe"'],
  ])('refuses %o', async (env, sentence) => {
    const { code, stderr } = await start(env);
    expect(code).toBe(configurationExitCode);
    expect(stderr).toContain(sentence);
  });
});
