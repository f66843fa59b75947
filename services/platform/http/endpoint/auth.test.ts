import { createServer, type Server } from 'node:http';
import { permissionTable } from './permissions.ts';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWTPayload } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthenticator } from './auth.ts';
import { endpoint } from './endpoint.ts';
import { createGuards } from '../limits/guards.ts';
import { createApp } from '../server/app.ts';
import { callerOf, messageContextOf, principalOf } from '../server/request-context.ts';
import { silentLogger } from '../../process/silent-logger.ts';
import { problemSchema } from './problem-document.ts';

const permissions = permissionTable({
  'products.list': {
    method: 'get',
    path: '/api/v1/products',
    allow: { USER: 'all', SELLER: 'all', ADMIN: 'all' },
  },
  'gateway.circuit': { method: 'get', path: '/api/v1/gateway', allow: { ADMIN: 'all' } },
});

const logger = silentLogger('things');
const audience = 'things';
const keyOf = {
  EdDSA: await generateKeyPair('EdDSA', { extractable: true }),
  ES256: await generateKeyPair('ES256', { extractable: true }),
  RS256: await generateKeyPair('RS256', { extractable: true }),
  PS256: await generateKeyPair('PS256', { extractable: true }),
} as const;
type Algorithm = keyof typeof keyOf;

/** A real issuer on a free port. `name`: the issuer that it announces instead of its URL. `requests` counts its requests. */
const startIssuer = async (name?: string) => {
  const requests = { discovery: 0, keys: 0 };
  let broken: 'no' | 'all' | 'keys' = 'no';
  const keys = await Promise.all(
    Object.entries(keyOf).map(async ([alg, { publicKey }]) => ({
      ...(await exportJWK(publicKey)),
      alg,
      kid: alg,
      use: 'sig',
    })),
  );
  const server: Server = createServer((request, response) => {
    const discovery = request.url === '/.well-known/openid-configuration';
    if (discovery) requests.discovery += 1;
    else requests.keys += 1;
    response.writeHead(broken === 'all' || (broken === 'keys' && !discovery) ? 500 : 200, {
      'content-type': 'application/json',
    });
    response.end(JSON.stringify(discovery ? { issuer, jwks_uri: `${issuer}/keys` } : { keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the issuer has no port');
  const reachedAt = `http://127.0.0.1:${address.port}`;
  const issuer = name ?? reachedAt;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    issuer,
    reachedAt,
    requests,
    close,
    breakDown: (value: typeof broken) => {
      broken = value;
    },
  };
};

let shared: Awaited<ReturnType<typeof startIssuer>>;
beforeAll(async () => {
  shared = await startIssuer();
});
afterAll(() => shared.close());

const now = () => Math.floor(Date.now() / 1000);
const claims = (over: Record<string, unknown> = {}) => ({
  sub: 'user-1',
  email: 'user@things.example',
  roles: ['USER'],
  iss: shared.issuer,
  aud: audience,
  iat: now(),
  exp: now() + 60,
  ...over,
});
const sign = (
  payload: JWTPayload,
  alg: Algorithm = 'EdDSA',
  kid: string = alg,
  key: CryptoKey = keyOf[alg].privateKey,
) => new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(key);

/** An endpoint for every role, and one for administrators. */
const [me, admin] = ['/api/v1/products', '/api/v1/gateway'];

const build = (issuer = shared.issuer, reachedAt?: string) => {
  const { authenticate } = createAuthenticator({ issuer, reachedAt, audience, timeoutMs: 500 });
  const app = createApp({ logger, title: 'Things', guards: createGuards(undefined, authenticate) });
  const responses = { 200: { description: 'In' } };
  app.openapi(endpoint(permissions['products.list'], { responses }), (c) =>
    c.json({ ...principalOf(c), actor: messageContextOf(c).actor }),
  );
  app.openapi(endpoint(permissions['gateway.circuit'], { responses }), (c) => c.text('in'));
  app.get('/forgotten', (c) => c.json(callerOf(c)));
  const call = async (path: string, authorization?: string) => {
    const response = await app.request(path, {
      headers: authorization === undefined ? {} : { authorization },
    });
    const text = await response.text();
    const json: unknown = text.startsWith('{') ? JSON.parse(text) : text;
    return { status: response.status, json, challenge: response.headers.get('www-authenticate') };
  };
  return { call };
};

const expectRefused = ({
  status,
  json,
  challenge,
}: {
  status: number;
  json: unknown;
  challenge: string | null;
}) => {
  expect(status).toBe(401);
  expect(problemSchema.parse(json).code).toBe('unauthenticated');
  expect(challenge).toMatch(/^Bearer/);
};

describe('a valid token', () => {
  it.each(['EdDSA', 'ES256', 'RS256'] as const)('signed with %s yields the principal', async (alg) => {
    const { call } = build();
    expect(await call(me, `Bearer ${await sign(claims(), alg)}`)).toMatchObject({
      status: 200,
      json: { subject: 'user-1', email: 'user@things.example', roles: ['USER'], actor: 'user-1' },
    });
  });

  it('is accepted within the clock skew of 30 s and not beyond', async () => {
    const { call } = build();
    expect((await call(me, `Bearer ${await sign(claims({ exp: now() - 20 }))}`)).status).toBe(200);
    expect((await call(me, `Bearer ${await sign(claims({ nbf: now() + 20 }))}`)).status).toBe(200);
    expectRefused(await call(me, `Bearer ${await sign(claims({ exp: now() - 40 }))}`));
    expectRefused(await call(me, `Bearer ${await sign(claims({ nbf: now() + 40 }))}`));
  });

  it('is accepted when the issuer is reached at another address, and must still have the `iss` of the issuer', async () => {
    const issuer = await startIssuer('http://issuer.invalid:3000');
    const { call } = build(issuer.issuer, `${issuer.reachedAt}/`);
    expect((await call(me, `Bearer ${await sign(claims({ iss: issuer.issuer }))}`)).status).toBe(200);
    expect(issuer.requests).toEqual({ discovery: 1, keys: 1 });
    expectRefused(await call(me, `Bearer ${await sign(claims({ iss: issuer.reachedAt }))}`));
    await issuer.close();
  });

  it('yields no unknown role', async () => {
    const { call } = build();
    for (const roles of [['ROOT', 7, null], 'ADMIN', { ADMIN: true }, undefined]) {
      const token = await sign(claims({ roles }));
      expect((await call(me, `Bearer ${token}`)).status).toBe(403);
      expect((await call(admin, `Bearer ${token}`)).status).toBe(403);
    }
  });

  it('causes one fetch of discovery and keys for many requests', async () => {
    const issuer = await startIssuer();
    const { call } = build(issuer.issuer);
    const token = await sign(claims({ iss: issuer.issuer }));
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(me, `Bearer ${token}`)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(issuer.requests).toEqual({ discovery: 1, keys: 1 });
    await issuer.close();
  });
});

describe('the response is 401 for', () => {
  const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const cases: Record<string, () => Promise<string> | string> = {
    'alg none': () => new UnsecuredJWT(claims()).encode(),
    'alg none with a key id': () => `${base64({ alg: 'none', kid: 'EdDSA' })}.${base64(claims())}.`,
    'HS256 keyed with the public key': async () => {
      const publicKey = await exportJWK(keyOf.RS256.publicKey);
      return new SignJWT(claims())
        .setProtectedHeader({ alg: 'HS256', kid: 'RS256' })
        .sign(new TextEncoder().encode(JSON.stringify(publicKey)));
    },
    'an algorithm that is not pinned': () => sign(claims(), 'PS256'),
    'another key under a known id': async () => {
      const { privateKey } = await generateKeyPair('EdDSA');
      return sign(claims(), 'EdDSA', 'EdDSA', privateKey);
    },
    'an unknown key id': () => sign(claims(), 'EdDSA', 'stranger'),
    'the key id of another algorithm': () => sign(claims(), 'ES256', 'RS256'),
    'an expired token': () => sign(claims({ exp: now() - 3600 })),
    'a token that is not valid yet': () => sign(claims({ nbf: now() + 3600 })),
    'another issuer': () => sign(claims({ iss: 'http://issuer.example' })),
    'another audience': () => sign(claims({ aud: 'others' })),
    'no audience': () => sign(claims({ aud: undefined })),
    'no expiry': () => sign(claims({ exp: undefined })),
    'no subject': () => sign(claims({ sub: undefined })),
    'an empty subject': () => sign(claims({ sub: '' })),
    'a changed payload': async () => {
      const [header, , signature] = (await sign(claims())).split('.');
      return `${header}.${base64(claims({ roles: ['ADMIN'] }))}.${signature}`;
    },
    'a cut signature': async () => (await sign(claims())).slice(0, -8),
    'a text that is not a token': () => 'abc',
    'three dots': () => '...',
  };

  it.each(Object.entries(cases))('%s', async (_, token) => {
    expectRefused(await build().call(me, `Bearer ${await token()}`));
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Basic dXNlcjpwYXNz', 'Token abc', 'Bearer a b'])(
    'the header %j',
    async (authorization) => {
      const answer = await build().call(me, authorization);
      expectRefused(answer);
      expect(answer.challenge).toBe('Bearer');
    },
  );

  it('a route that reads the caller but was not declared with `endpoint`', async () => {
    expectRefused(await build().call('/forgotten', `Bearer ${await sign(claims())}`));
  });
});

describe('roles', () => {
  it('admit a caller who has one of them; others get 403', async () => {
    const { call } = build();
    expect((await call(admin, `Bearer ${await sign(claims({ roles: ['USER', 'ADMIN'] }))}`)).status).toBe(
      200,
    );
    const refused = await call(admin, `Bearer ${await sign(claims({ roles: ['SELLER'] }))}`);
    expect([refused.status, problemSchema.parse(refused.json).code]).toEqual([403, 'forbidden']);
  });
});

describe('an issuer that cannot be used', () => {
  const expectUnavailable = ({ status, json }: { status: number; json: unknown }) =>
    expect([status, problemSchema.parse(json).code]).toEqual([503, 'unavailable']);

  it('leads to 503 when it is down', async () => {
    const issuer = await startIssuer();
    await issuer.close();
    expectUnavailable(
      await build(issuer.issuer).call(me, `Bearer ${await sign(claims({ iss: issuer.issuer }))}`),
    );
  });

  it.each(['all', 'keys'] as const)(
    'leads to 503 while its endpoints fail (%s), and is used again once they work',
    async (what) => {
      const issuer = await startIssuer();
      const { call } = build(issuer.issuer);
      const authorization = `Bearer ${await sign(claims({ iss: issuer.issuer }))}`;
      issuer.breakDown(what);
      expectUnavailable(await call(me, authorization));
      issuer.breakDown('no');
      expect((await call(me, authorization)).status).toBe(200);
      await issuer.close();
      expect((await call(me, authorization)).status).toBe(200);
    },
  );

  it('leads to 503 within the time limit when it hangs', async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address === null || typeof address === 'string' ? 0 : address.port;
    const issuer = `http://127.0.0.1:${port}`;
    expectUnavailable(await build(issuer).call(me, `Bearer ${await sign(claims({ iss: issuer }))}`));
    server.closeAllConnections();
    server.close();
  });

  it('leads to 503 when discovery names another issuer', async () => {
    const aliased = shared.issuer.replace('127.0.0.1', 'localhost');
    expectUnavailable(await build(aliased).call(me, `Bearer ${await sign(claims({ iss: aliased }))}`));
  });
});
