import { z } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { createApp } from './app.ts';
import { problem } from '../endpoint/problem.ts';
import { problemSchema } from '../endpoint/problem-document.ts';
import { createTestApp, thingProblems } from './test-app.ts';

const body = async (response: Response) => problemSchema.parse(await response.json());
const json = (value: unknown, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof value === 'string' ? value : JSON.stringify(value),
});
const someId = '0198c0de-0000-7000-8000-000000000001';

describe('an application', () => {
  it('takes a valid correlation id from the request and returns it on every response', async () => {
    const { app } = createTestApp();
    for (const path of [`/v1/things/${someId}`, '/nowhere', '/crash', '/broken', '/raw', '/openapi.json']) {
      const response = await app.request(path, { headers: { 'x-correlation-id': 'web-42.A_b' } });
      expect([path, response.headers.get('x-correlation-id')]).toEqual([path, 'web-42.A_b']);
    }
  });

  it.each(['', 'a'.repeat(129), 'with space', 'quote"', '{"json":1}', 'ünï'])(
    'replaces the correlation id %j with a new id',
    async (given) => {
      const response = await createTestApp().app.request('/nowhere', {
        headers: { 'x-correlation-id': encodeURI(given) },
      });
      expect(response.headers.get('x-correlation-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    },
  );

  it('continues the trace of the caller under a new span, and names the request as the cause', async () => {
    const { app } = createTestApp();
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const response = await app.request(`/v1/things/${someId}`, {
      headers: { traceparent, 'x-correlation-id': 'c' },
    });
    const context = z
      .object({
        correlationId: z.string(),
        causationId: z.string(),
        traceparent: z.string(),
        actor: z.string(),
      })
      .parse(await response.json());
    expect(context.traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/);
    expect(context.traceparent).not.toBe(traceparent);
    expect(context.causationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(context).toMatchObject({ correlationId: 'c', actor: 'anonymous' });
  });

  it('logs one line per request with the pattern of the route, never the path', async () => {
    const { app, lines } = createTestApp();
    await app.request(`/v1/things/${someId}`, { headers: { 'x-correlation-id': 'c-9' } });
    await app.request('/some/where/else');
    expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
      { message: 'request', method: 'GET', route: '/v1/things/:id', status: 200, correlationId: 'c-9' },
      { message: 'request', method: 'GET', route: 'unmatched', status: 404 },
    ]);
  });

  it('adds the entity id in the path to the log line, also when the request fails, and never text that is not an id', async () => {
    const { app, lines } = createTestApp();
    await app.request(`/v1/things/${someId}`);
    await app.request(`/v1/things/${someId}/nothing-here`);
    await app.request('/v1/things/tok_of-somebody');
    expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
      { status: 200, thingId: someId, traceId: expect.stringMatching(/^[0-9a-f]{32}$/) },
      { status: 404, thingId: someId },
      { status: 404 },
    ]);
    expect(lines[2]).not.toContain('thingId');
  });
});

describe('every error is a problem', () => {
  const expectProblem = async (response: Response, status: number, code: string) => {
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const document = await body(response);
    expect(document).toMatchObject({ status, code, type: `/problems/${code}` });
    expect(document.correlationId).toBe(response.headers.get('x-correlation-id'));
    return document;
  };

  it('404 for an unknown route', async () => {
    const document = await expectProblem(
      await createTestApp().app.request('/no/such?query=1'),
      404,
      'not_found',
    );
    expect(document.instance).toBe('/no/such');
  });

  it('405 with Allow when the path exists with another method', async () => {
    const { app } = createTestApp();
    const wrong = await app.request(`/v1/things/${someId}`, { method: 'DELETE' });
    expect(wrong.headers.get('allow')).toBe('GET, HEAD');
    await expectProblem(wrong, 405, 'method_not_allowed');
    expect((await app.request('/v1/things')).headers.get('allow')).toBe('POST');
    expect((await app.request(`/v1/things/${someId}`, { method: 'HEAD' })).status).toBe(200);
  });

  it.each(['{', '', 'undefined', '{"name":}', '[1,]'])('400 for the malformed JSON %j', async (text) => {
    await expectProblem(await createTestApp().app.request('/v1/things', json(text)), 400, 'malformed_json');
  });

  it('413 for a body above 1 MiB, with or without Content-Length', async () => {
    const { app } = createTestApp();
    const large = JSON.stringify({ name: 'x'.repeat(1024 * 1024), parts: [] });
    await expectProblem(await app.request('/v1/things', json(large)), 413, 'body_too_large');
    const announced = json('{}', { 'content-length': String(1024 * 1024 + 1) });
    await expectProblem(await app.request('/v1/things', announced), 413, 'body_too_large');
    const odd = json('{}', { 'content-length': 'many' });
    await expectProblem(await app.request('/v1/things', odd), 413, 'body_too_large');
  });

  it('415 for a wrong content type', async () => {
    const { app } = createTestApp();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'json']) {
      const response = await app.request('/v1/things', json('{}', { 'content-type': type }));
      await expectProblem(response, 415, 'unsupported_media_type');
    }
  });

  it('422 with one entry per field', async () => {
    const wrong = { name: '', parts: [{ size: 1 }, { size: -1 }, {}], extra: 1, more: 2 };
    const document = await expectProblem(
      await createTestApp().app.request('/v1/things?limit=11', json({ ...wrong })),
      422,
      'schema_violation',
    );
    expect(document.errors?.map(({ path }) => path)).toEqual(['query.limit']);
    const inBody = await body(await createTestApp().app.request('/v1/things', json(wrong)));
    expect(inBody.errors?.map(({ path }) => path)).toEqual([
      'name',
      'parts.1.size',
      'parts.2.size',
      'extra',
      'more',
    ]);
    expect(inBody.errors?.every(({ message }) => message.length > 0)).toBe(true);
  });

  it('422 with a bounded response, whatever the number of mistakes and the length of their names', async () => {
    const { app } = createTestApp();
    const mistakes = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, index) => [`${'x'.repeat(250)}${index}`, 1]),
    );
    const { errors = [], detail } = await body(await app.request('/v1/things', json(mistakes)));
    expect(errors.length).toBe(100);
    expect(Math.max(...errors.map(({ path }) => path.length))).toBe(200);
    expect(detail).toBe('2002 fields are not valid.');
  });

  it('422 when there is no body at all', async () => {
    await expectProblem(
      await createTestApp().app.request('/v1/things', { method: 'POST' }),
      422,
      'schema_violation',
    );
  });

  it('404 for an id that cannot exist', async () => {
    await expectProblem(await createTestApp().app.request("/v1/things/1'%20or%201=1"), 404, 'not_found');
  });

  it('500 for a crash, without internals in the response and with the stack in the log', async () => {
    const { app, lines } = createTestApp();
    const response = await app.request('/crash');
    const text = await response.clone().text();
    expect(text).not.toMatch(/hush|test-app/);
    await expectProblem(response, 500, 'internal_error');
    expect(lines.join('')).toContain('test-app.ts');
  });

  it('409 with the headers of a problem that a handler throws', async () => {
    const response = await createTestApp().app.request('/broken');
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await expectProblem(response, 409, 'thing_broken')).toMatchObject({ detail: 'Leg missing.' });
  });

  it('401 when a handler needs a caller and none was authenticated', async () => {
    await expectProblem(await createTestApp().app.request('/unguarded'), 401, 'unauthenticated');
  });

  it('with a type that resolves to a page', async () => {
    const { app } = createTestApp();
    for (const code of Object.keys(thingProblems))
      expect((await app.request(`/problems/${code}`)).status).toBe(200);
    const page = await app.request('/problems/thing_broken');
    expect(await page.text()).toContain('<h1>Thing &lt;broken&gt;</h1>');
    await expectProblem(await app.request('/problems/toString'), 404, 'not_found');
  });
});

it('an API response is private unless its handler sets Cache-Control', async () => {
  const app = createApp({ logger: createTestApp().logger, title: 'Things' });
  app.get('/api/things', (c) => c.json([], 200, { Vary: 'Prefer' }));
  app.get('/api/secret', (c) => c.json([], 200, { 'Cache-Control': 'no-store' }));
  const { headers } = await app.request('/api/things');
  expect(headers.get('cache-control')).toBe('private, no-cache');
  expect(headers.get('vary')).toBe('Prefer, Authorization');
  expect((await app.request('/api/secret')).headers.get('cache-control')).toBe('no-store');
  expect((await app.request('/api/missing')).headers.get('cache-control')).toBe('private, no-cache');
  expect((await app.request('/docs')).headers.get('cache-control')).toBeNull();
});

describe('behind a proxy that removes a path prefix', () => {
  const { logger } = createTestApp();
  const build = (publicUrl?: string) => {
    const app = createApp({ logger, title: 'Things', publicUrl });
    app.post('/v1/things', (c) => c.body(null, 201, { Location: '/v1/things/1' }));
    app.get('/elsewhere', (c) => c.redirect('https://elsewhere.example/x'));
    return app;
  };

  it.each([
    ['https://shop.example/orders-api', 'https://shop.example/orders-api', '/orders-api'],
    ['https://things.example', 'https://things.example', ''],
    [undefined, '', ''],
  ])('all links fit the public URL %s', async (publicUrl, base, prefix) => {
    const app = build(publicUrl);
    expect(await body(await app.request('/x?y'))).toMatchObject({
      type: `${base}/problems/not_found`,
      instance: `${prefix}/x`,
    });
    const made = await app.request('/v1/things', { method: 'POST' });
    expect(made.headers.get('location')).toBe(`${prefix}/v1/things/1`);
    const elsewhere = await app.request('/elsewhere');
    expect(elsewhere.headers.get('location')).toBe('https://elsewhere.example/x');
    const document = z
      .object({ servers: z.array(z.object({ url: z.string() })).optional() })
      .parse(await (await app.request('/openapi.json')).json());
    expect(document.servers).toEqual(publicUrl === undefined ? undefined : [{ url: publicUrl }]);
  });

  it('the links of the API page lead to its files and to the OpenAPI document', async () => {
    const app = build('https://shop.example/orders-api');
    const page = await (await app.request('/docs')).text();
    const start = await (await app.request('/docs/start.js')).text();
    const links = [...page.matchAll(/(?:src|href)="([^":]+)"/g), ...start.matchAll(/url: '([^']+)'/g)];
    expect(links).toHaveLength(5);
    for (const [, link = ''] of links) {
      const { pathname } = new URL(link, 'https://shop.example/orders-api/docs');
      expect(pathname).toMatch(/^\/orders-api\//);
      expect((await app.request(pathname.replace('/orders-api', ''))).status).toBe(200);
    }
  });
});

describe('the OpenAPI document', () => {
  it('is 3.1 and lists the routes with the problem schema', async () => {
    const response = await createTestApp().app.request('/openapi.json');
    const document = z
      .object({ openapi: z.string(), paths: z.record(z.string(), z.unknown()), components: z.unknown() })
      .parse(await response.json());
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/v1/things', '/v1/things/{id}']));
    expect(document.components).toHaveProperty('schemas.Problem');
  });
});

describe('a problem', () => {
  it('keeps its cause for the log', () => {
    const cause = new Error('why');
    expect(problem('unavailable', { cause }).cause).toBe(cause);
    expect(problem('not_found').message).toBe('Not found');
  });
});
