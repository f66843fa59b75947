// The tests sign in at a real OIDC provider as a browser does.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt } from 'jose';
import { Provider, type Configuration } from 'oidc-provider';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../../platform/process/silent-logger.ts';
import { createHealth } from '../../../platform/http/routes/health.ts';
import { serveApp, type RunningServer } from '../../../platform/http/server/serve.ts';
import { createDashboardApp } from '../http.ts';
import { createOidcClient } from './oidc-client.ts';

const publicUrl = 'http://shop.example';
/** Lifetime of an access token in seconds. */
const accessTokenLifetime = 600;
const longClaim = 'x'.repeat(3_000);

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const listening = async (handle: Parameters<typeof createServer>[1]): Promise<Server> => {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
};
const closed = (server: Server) =>
  new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });

let service: Server;
let received: IncomingMessage[];
let providerServer: Server;
let provider: Provider;
let dashboard: RunningServer;

const rolesOf: Readonly<Record<string, readonly string[]>> = {
  // The dashboard ignores roles that it does not know.
  anna: ['USER', 'offline_access'],
  nobody: ['offline_access'],
};
const configuration: Configuration = {
  clients: [
    {
      client_id: 'dashboard',
      client_secret: 'secret',
      redirect_uris: [`${publicUrl}/session/callback`],
      post_logout_redirect_uris: [`${publicUrl}/sign-in`],
      grant_types: ['authorization_code', 'refresh_token'],
    },
  ],
  features: {
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:orderflow',
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: '',
        audience: 'orderflow',
        accessTokenFormat: 'jwt',
        accessTokenTTL: accessTokenLifetime,
      }),
    },
  },
  cookies: { keys: ['of-a-test'] },
  findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  extraTokenClaims: (_context, token) => ({
    email: 'anna@example.org',
    roles: 'accountId' in token ? (rolesOf[token.accountId] ?? []) : [],
    // Tokens of real providers are long, so the cookie has to be split.
    longClaim,
  }),
  issueRefreshToken: () => Promise.resolve(true),
  rotateRefreshToken: true,
};

/** Keeps and sends cookies per host, and follows redirects. */
const newBrowser = () => {
  const jar = new Map<string, Map<string, string>>();
  const addressOf = (url: URL): string =>
    url.origin === publicUrl ? `http://127.0.0.1:${dashboard.port}${url.pathname}${url.search}` : url.href;
  const send = async (url: URL, init: RequestInit = {}): Promise<Response> => {
    const cookies = jar.get(url.host) ?? new Map<string, string>();
    jar.set(url.host, cookies);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(addressOf(url), { redirect: 'manual', ...init, headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /Max-Age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return answer;
  };
  /** Follows redirects. Resolves with the URL and the text of the last page. */
  const visit = async (address: string, init?: RequestInit): Promise<{ url: URL; text: string }> => {
    let url = new URL(address, publicUrl);
    let answer = await send(url, init);
    while (answer.status >= 300 && answer.status < 400) {
      url = new URL(answer.headers.get('location') ?? '', url);
      // The pages of the dashboard are not part of this test.
      if (url.origin === publicUrl && !url.pathname.startsWith('/session')) return { url, text: '' };
      answer = await send(url);
    }
    return { url, text: await answer.text() };
  };
  const submit = (page: { url: URL; text: string }, fields: Readonly<Record<string, string>>) =>
    visit(new URL(/action="([^"]+)"/.exec(page.text)?.[1] ?? '', page.url).href, {
      method: 'POST',
      body: new URLSearchParams(fields),
    });
  const get = (path: string) => send(new URL(path, publicUrl));
  return {
    jar,
    visit,
    get,
    send,
    signIn: async (user: string, to = '/orders') => {
      const form = await visit(`/session/provider?to=${encodeURIComponent(to)}`);
      const consent = await submit(form, { prompt: 'login', login: user, password: 'any' });
      return submit(consent, { prompt: 'consent' });
    },
    whoIs: async () => ((await (await get('/session')).json()) as { user: unknown }).user,
  };
};

beforeEach(async () => {
  received = [];
  service = await listening((request, response) => {
    received.push(request);
    response.end('{}');
  });
  providerServer = await listening((request, response) => {
    void provider.callback()(request, response);
  });
  const issuer = `http://127.0.0.1:${portOf(providerServer)}`;
  vi.spyOn(console, 'warn').mockReturnValue();
  vi.spyOn(console, 'info').mockReturnValue();
  provider = new Provider(issuer, configuration);
  const logger = silentLogger('dashboard');
  const at = `http://127.0.0.1:${portOf(service)}`;
  const app = createDashboardApp({
    logger,
    health: createHealth({ checks: {} }),
    parts: () => Promise.reject(new Error('not asked')),
    issuer: undefined,
    oidc: createOidcClient({
      issuer,
      audience: 'orderflow',
      clientId: 'dashboard',
      clientSecret: 'secret',
      scope: 'openid',
      publicUrl,
    }),
    publicUrl,
    sessionKey: new Uint8Array(32).fill(1),
    services: { order: at, inventory: at, payment: at, auditor: at },
  });
  dashboard = await serveApp(app, { host: '127.0.0.1', port: 0, logger });
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await Promise.all([closed(service), closed(providerServer), dashboard.close(0)]);
});

const later = (seconds: number): void => {
  vi.setSystemTime(Date.now() + seconds * 1_000);
};

describe('a sign-in at an external OIDC provider', { timeout: 20_000 }, () => {
  it('returns to the page where it started, and the services receive the access token of the user', async () => {
    const { signIn, whoIs, get, jar } = newBrowser();
    const { url } = await signIn('anna', '/orders?status=PAID');
    expect(url.href).toBe(`${publicUrl}/orders?status=PAID`);
    expect(await whoIs()).toEqual({ id: 'anna', email: 'anna@example.org', roles: ['USER'] });
    await get('/api/order/orders');
    const [, token = ''] = received[0]?.headers.authorization?.split(' ') ?? [];
    expect(decodeJwt(token)).toMatchObject({ sub: 'anna', aud: 'orderflow' });
    // Each part fits into a cookie, and no part contains the token in plain text.
    for (const [name, value] of jar.get('shop.example') ?? []) {
      expect(name.length + value.length).toBeLessThan(4_000);
      expect(value).not.toContain(token.slice(0, 40));
    }
  });

  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', ''])(
    'never redirects to %j',
    async (to) => {
      const { url } = await newBrowser().signIn('anna', to);
      expect(url.href).toBe(`${publicUrl}/`);
    },
  );

  it('is refused in another browser, with a wrong state, and for an attempt that was used before', async () => {
    const browser = newBrowser();
    const form = await browser.visit('/session/provider?to=/orders');
    expect(form.text).toContain('login');
    const foreign = await newBrowser().visit('/session/callback?code=abc&state=def');
    expect(foreign.url.href).toBe(`${publicUrl}/sign-in?failed=incomplete&to=%2F`);
    const wrong = await browser.visit('/session/callback?code=abc&state=def');
    expect(wrong.url.searchParams.get('failed')).toBe('incomplete');
    expect(await browser.whoIs()).toBeNull();
    // The attempt cannot be used again.
    expect((await browser.visit('/session/callback?code=abc&state=def')).url.searchParams.get('to')).toBe(
      '/',
    );
  });

  it('expires when it takes too long', async () => {
    const browser = newBrowser();
    await browser.visit('/session/provider?to=/orders');
    later(601);
    const { url } = await browser.visit('/session/callback?code=abc&state=def');
    expect(url.href).toBe(`${publicUrl}/sign-in?failed=incomplete&to=%2F`);
  });

  it('reports that the provider refused it', async () => {
    const browser = newBrowser();
    const form = await browser.visit('/session/provider?to=/orders');
    const { url } = await browser.visit(`${form.url.href}/abort`);
    expect(url.href).toBe(`${publicUrl}/sign-in?failed=refused&to=%2Forders`);
    expect(await browser.whoIs()).toBeNull();
  });

  it('reports that the user has no role', async () => {
    const browser = newBrowser();
    const { url } = await browser.signIn('nobody');
    expect(url.href).toBe(`${publicUrl}/sign-in?failed=role&to=%2Forders`);
    expect(await browser.whoIs()).toBeNull();
  });

  it('reports that the provider is not responding, and works once the provider responds', async () => {
    const port = portOf(providerServer);
    await closed(providerServer);
    const { url } = await newBrowser().visit('/session/provider?to=/orders');
    expect(url.href).toBe(`${publicUrl}/sign-in?failed=unavailable&to=%2Forders`);
    providerServer = createServer((request, response) => void provider.callback()(request, response));
    await new Promise<void>((resolve) => providerServer.listen(port, '127.0.0.1', resolve));
    expect((await newBrowser().signIn('anna')).url.pathname).toBe('/orders');
  });
});

describe('a session from an external OIDC provider', { timeout: 20_000 }, () => {
  it('outlives its access token, with one renewal for concurrent requests', async () => {
    const { signIn, whoIs, get } = newBrowser();
    await signIn('anna');
    await get('/api/order/orders');
    later(accessTokenLifetime + 5);
    const answers = await Promise.all([1, 2, 3, 4].map(() => get('/api/order/orders')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const tokens = received.map(({ headers }) => headers.authorization);
    expect(new Set(tokens).size).toBe(2);
    later(accessTokenLifetime + 5);
    expect(await whoIs()).toMatchObject({ id: 'anna' });
  });

  it('ends after twelve hours, even if active', async () => {
    const { signIn, whoIs } = newBrowser();
    await signIn('anna');
    for (let hour = 0; hour < 12; hour += 1) {
      later(3_500);
      expect(await whoIs()).not.toBeNull();
    }
    later(1_300);
    expect(await whoIs()).toBeNull();
  });

  it('ends with its access token when the provider no longer knows its refresh token', async () => {
    const { signIn, whoIs } = newBrowser();
    await signIn('anna');
    vi.spyOn(provider.RefreshToken, 'find').mockResolvedValue(undefined);
    later(accessTokenLifetime / 2 + 5);
    expect(await whoIs()).toMatchObject({ id: 'anna' });
    later(accessTokenLifetime);
    expect(await whoIs()).toBeNull();
  });

  it('works during an outage of the provider until its access token expires, then gets 503', async () => {
    const { signIn, whoIs, get } = newBrowser();
    await signIn('anna');
    await closed(providerServer);
    later(accessTokenLifetime / 2 + 5);
    expect(await whoIs()).toMatchObject({ id: 'anna' });
    later(accessTokenLifetime);
    expect((await get('/session')).status).toBe(503);
  });

  it('ends at the dashboard and then at the provider', async () => {
    const { signIn, send, whoIs } = newBrowser();
    await signIn('anna');
    const answer = await send(new URL('/session', publicUrl), { method: 'DELETE' });
    const { continueAt } = (await answer.json()) as { continueAt: string };
    const url = new URL(continueAt);
    expect(url.origin).toBe(`http://127.0.0.1:${portOf(providerServer)}`);
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${publicUrl}/sign-in`);
    expect(await whoIs()).toBeNull();
  });
});
