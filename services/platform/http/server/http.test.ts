import { createRoute, z } from '@hono/zod-openapi';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { createApp, serveApp, type RunningServer } from './http.ts';
import { messageContextOf, pathIsAbout, principalOf, type App } from './request-context.ts';
import { createLogger } from '../../process/logger.ts';
import { defineProblems, problem, problemResponses, problemSchema } from '../endpoint/problem.ts';

const { kinds, problem: thingProblem } = defineProblems({
  thing_broken: {
    status: 409,
    title: 'Thing <broken>',
    explanation: 'The thing is broken & cannot be mended.',
  },
});

const thing = z.strictObject({
  name: z.string().min(1),
  parts: z.array(z.object({ size: z.int().positive() })).max(3),
});

const build = () => {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  const logger = createLogger({ service: 'things', level: 'debug', stream });
  const app = createApp({ logger, title: 'Things', problems: kinds });
  app.use('/v1/things/:id/*', pathIsAbout('thingId', 'id'));
  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/things',
      request: {
        query: z.object({ limit: z.coerce.number().max(10).optional() }),
        body: { required: true, content: { 'application/json': { schema: thing } } },
      },
      responses: {
        201: { description: 'Made', content: { 'application/json': { schema: thing } } },
        ...problemResponses(422),
      },
    }),
    (c) => c.json(c.req.valid('json'), 201),
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/things/{id}',
      request: { params: z.object({ id: z.uuid() }), headers: z.object({ 'x-wish': z.string().optional() }) },
      responses: { 200: { description: 'Found', content: { 'application/json': { schema: z.unknown() } } } },
    }),
    (c) => c.json({ id: c.req.valid('param').id, ...messageContextOf(c) }, 200),
  );
  app.get('/crash', () => {
    throw new Error('password is hush');
  });
  app.get('/broken', () => {
    throw thingProblem('thing_broken', { detail: 'Leg missing.', headers: { 'Retry-After': '7' } });
  });
  app.get('/raw', () => new Response('as it is'));
  app.get('/unguarded', (c) => c.json(principalOf(c)));
  return { app, lines, logger };
};

const body = async (response: Response) => problemSchema.parse(await response.json());
const json = (value: unknown, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof value === 'string' ? value : JSON.stringify(value),
});
const someId = '0198c0de-0000-7000-8000-000000000001';

describe('correlation', () => {
  it('takes a sane id from the request and echoes it on every response', async () => {
    const { app } = build();
    for (const path of [`/v1/things/${someId}`, '/nowhere', '/crash', '/broken', '/raw', '/openapi.json']) {
      const response = await app.request(path, { headers: { 'x-correlation-id': 'web-42.A_b' } });
      expect([path, response.headers.get('x-correlation-id')]).toEqual([path, 'web-42.A_b']);
    }
  });

  it.each(['', 'a'.repeat(129), 'with space', 'quote"', '{"json":1}', 'ünï'])(
    'replaces %j by a new id',
    async (given) => {
      const response = await build().app.request('/nowhere', {
        headers: { 'x-correlation-id': encodeURI(given) },
      });
      expect(response.headers.get('x-correlation-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    },
  );

  it('continues the trace of the caller under a new span, and names the request as the cause', async () => {
    const { app } = build();
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
    const { app, lines } = build();
    await app.request(`/v1/things/${someId}`, { headers: { 'x-correlation-id': 'c-9' } });
    await app.request('/some/where/else');
    expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
      { message: 'request', method: 'GET', route: '/v1/things/:id', status: 200, correlationId: 'c-9' },
      { message: 'request', method: 'GET', route: 'unmatched', status: 404 },
    ]);
  });

  it('names in the log line what the request is about, also when it is refused, and never a text that is no id', async () => {
    const { app, lines } = build();
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
    const document = await expectProblem(await build().app.request('/no/such?query=1'), 404, 'not_found');
    expect(document.instance).toBe('/no/such');
  });

  it('405 with Allow when the address exists with another method', async () => {
    const { app } = build();
    const wrong = await app.request(`/v1/things/${someId}`, { method: 'DELETE' });
    expect(wrong.headers.get('allow')).toBe('GET, HEAD');
    await expectProblem(wrong, 405, 'method_not_allowed');
    expect((await app.request('/v1/things')).headers.get('allow')).toBe('POST');
    expect((await app.request(`/v1/things/${someId}`, { method: 'HEAD' })).status).toBe(200);
  });

  it.each(['{', '', 'undefined', '{"name":}', '[1,]'])('400 for the malformed JSON %j', async (text) => {
    await expectProblem(await build().app.request('/v1/things', json(text)), 400, 'malformed_json');
  });

  it('413 for a body above 1 MiB, announced or not', async () => {
    const { app } = build();
    const large = JSON.stringify({ name: 'x'.repeat(1024 * 1024), parts: [] });
    await expectProblem(await app.request('/v1/things', json(large)), 413, 'body_too_large');
    const announced = json('{}', { 'content-length': String(1024 * 1024 + 1) });
    await expectProblem(await app.request('/v1/things', announced), 413, 'body_too_large');
    const odd = json('{}', { 'content-length': 'many' });
    await expectProblem(await app.request('/v1/things', odd), 413, 'body_too_large');
  });

  it('415 for a wrong content type', async () => {
    const { app } = build();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'json']) {
      const response = await app.request('/v1/things', json('{}', { 'content-type': type }));
      await expectProblem(response, 415, 'unsupported_media_type');
    }
  });

  it('422 with one entry per field', async () => {
    const wrong = { name: '', parts: [{ size: 1 }, { size: -1 }, {}], extra: 1, more: 2 };
    const document = await expectProblem(
      await build().app.request('/v1/things?limit=11', json({ ...wrong })),
      422,
      'schema_violation',
    );
    expect(document.errors?.map(({ path }) => path)).toEqual(['query.limit']);
    const inBody = await body(await build().app.request('/v1/things', json(wrong)));
    expect(inBody.errors?.map(({ path }) => path)).toEqual([
      'name',
      'parts.1.size',
      'parts.2.size',
      'extra',
      'more',
    ]);
    expect(inBody.errors?.every(({ message }) => message.length > 0)).toBe(true);
  });

  it('422 with a bounded answer, however many mistakes there are and however long their names', async () => {
    const { app } = build();
    const mistakes = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, index) => [`${'x'.repeat(250)}${index}`, 1]),
    );
    const { errors = [], detail } = await body(await app.request('/v1/things', json(mistakes)));
    expect(errors.length).toBe(100);
    expect(Math.max(...errors.map(({ path }) => path.length))).toBe(200);
    expect(detail).toBe('2002 field(s) break the schema.');
  });

  it('422 when there is no body at all', async () => {
    await expectProblem(await build().app.request('/v1/things', { method: 'POST' }), 422, 'schema_violation');
  });

  it('404 for an id that cannot exist', async () => {
    await expectProblem(await build().app.request("/v1/things/1'%20or%201=1"), 404, 'not_found');
  });

  it('500 for a crash, without internals in the answer and with the stack in the log', async () => {
    const { app, lines } = build();
    const response = await app.request('/crash');
    const text = await response.clone().text();
    expect(text).not.toMatch(/hush|http\.test/);
    await expectProblem(response, 500, 'internal_error');
    expect(lines.join('')).toContain('http.test.ts');
  });

  it('what a handler throws on purpose, with its headers', async () => {
    const response = await build().app.request('/broken');
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await expectProblem(response, 409, 'thing_broken')).toMatchObject({ detail: 'Leg missing.' });
  });

  it('401 when a handler wants a caller that nobody authenticated', async () => {
    await expectProblem(await build().app.request('/unguarded'), 401, 'unauthenticated');
  });

  it('has a type that resolves to a page', async () => {
    const { app } = build();
    for (const code of Object.keys(kinds)) expect((await app.request(`/problems/${code}`)).status).toBe(200);
    const page = await app.request('/problems/thing_broken');
    expect(await page.text()).toContain('<h1>Thing &lt;broken&gt;</h1>');
    await expectProblem(await app.request('/problems/toString'), 404, 'not_found');
  });

  it('carries the public address when there is one', async () => {
    const { logger } = build();
    const app = createApp({ logger, title: 'Things', publicUrl: 'https://things.example' });
    expect((await body(await app.request('/x'))).type).toBe('https://things.example/problems/not_found');
  });
});

describe('the OpenAPI document', () => {
  it('is 3.1 and lists the routes with the problem schema', async () => {
    const response = await build().app.request('/openapi.json');
    const document = z
      .object({ openapi: z.string(), paths: z.record(z.string(), z.unknown()), components: z.unknown() })
      .parse(await response.json());
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/v1/things', '/v1/things/{id}']));
    expect(document.components).toHaveProperty('schemas.Problem');
  });
});

describe('a running server', () => {
  const servers: RunningServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close(0)));
  });

  const serve = async (app: App) => {
    const { logger } = build();
    const server = await serveApp(app, { host: '127.0.0.1', port: 0, logger });
    servers.push(server);
    return { server, at: (path: string) => `http://127.0.0.1:${server.port}${path}` };
  };

  const gated = () => {
    const { app } = build();
    const arrived = Promise.withResolvers<undefined>();
    const gate = Promise.withResolvers<undefined>();
    app.get('/slow', async (c) => {
      arrived.resolve(undefined);
      await gate.promise;
      return c.text('finished');
    });
    return { app, arrived: arrived.promise, release: () => gate.resolve(undefined) };
  };

  const raw = async (port: number, bytes: string) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    await once(socket, 'close');
    return answer;
  };

  it('answers bytes that are not HTTP with a problem', async () => {
    const { server } = await serve(build().app);
    const answer = await raw(server.port, 'NONSENSE\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('application/problem+json');
    expect(answer).toMatch(/X-Correlation-Id: [0-9a-f-]{36}/);
    const overflow = await raw(
      server.port,
      `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(overflow).toMatch(/^HTTP\/1\.1 431 /);
    expect(overflow).toContain('"code":"headers_too_large"');
  });

  it('answers a request whose target cannot be understood with a problem', async () => {
    const { server } = await serve(build().app);
    const answer = await raw(server.port, 'GET http://[bad HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"bad_request"');
  });

  it('answers what Node would refuse without a body with a problem: no Host, an unknown expectation', async () => {
    const { server } = await serve(build().app);
    const noHost = await raw(server.port, 'GET /raw HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(noHost).toMatch(/^HTTP\/1\.1 400 /);
    expect(noHost).toContain('"code":"bad_request"');
    const expecting = await raw(server.port, 'GET /raw HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n');
    expect(expecting).toMatch(/^HTTP\/1\.1 417 /);
    expect(expecting).toContain('"code":"expectation_failed"');
    expect(expecting).toContain('application/problem+json');
  });

  it('refuses a chunked body as soon as it exceeds the limit', async () => {
    const { at } = await serve(build().app);
    const request = httpRequest(at('/v1/things'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    // The server may close before everything is written; the answer is what counts.
    request.on('error', () => {});
    const responded = Promise.withResolvers<number | undefined>();
    request.on('response', (response) => {
      response.resume();
      responded.resolve(response.statusCode);
    });
    for (let sent = 0; sent <= 17; sent += 1) request.write('x'.repeat(64 * 1024));
    request.end();
    expect(await responded.promise).toBe(413);
  });

  it('finishes requests in flight while it refuses new ones', async () => {
    const { app, arrived, release } = gated();
    const { server, at } = await serve(app);
    const slow = fetch(at('/slow'));
    await arrived;
    const closed = server.close();
    await expect(fetch(at('/problems/not_found'))).rejects.toThrow();
    release();
    const response = await slow;
    expect(response.headers.get('connection')).toBe('close');
    expect(await response.text()).toBe('finished');
    await closed;
  });

  it('closes idle keep-alive connections at once', async () => {
    const { server, at } = await serve(build().app);
    const agent = new Agent({ keepAlive: true });
    const response = await new Promise<number | undefined>((resolve, reject) => {
      httpRequest(at('/problems/not_found'), { agent }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode));
      })
        .on('error', reject)
        .end();
    });
    expect(response).toBe(200);
    await server.close(60_000);
    agent.destroy();
  });

  it('closes a keep-alive connection once its response, begun before the close, has ended', async () => {
    const { app } = build();
    const gate = Promise.withResolvers<undefined>();
    app.get('/stream', () => {
      const encoder = new TextEncoder();
      const stream = new ReadableStream<Uint8Array>({
        start: async (controller) => {
          controller.enqueue(encoder.encode('begun'));
          await gate.promise;
          controller.enqueue(encoder.encode(', ended'));
          controller.close();
        },
      });
      return new Response(stream);
    });
    const { server, at } = await serve(app);
    const agent = new Agent({ keepAlive: true });
    const begun = Promise.withResolvers<undefined>();
    const ended = Promise.withResolvers<string>();
    httpRequest(at('/stream'), { agent }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        begun.resolve(undefined);
      });
      answer.on('end', () => {
        ended.resolve(text);
      });
    }).end();
    await begun.promise;
    const closed = server.close(60_000);
    gate.resolve(undefined);
    expect(await ended.promise).toBe('begun, ended');
    await closed;
    agent.destroy();
  });

  it('cuts what still runs at the deadline', async () => {
    const { app, arrived, release } = gated();
    const { server, at } = await serve(app);
    const slow = fetch(at('/slow')).then(
      () => 'answered',
      () => 'cut',
    );
    await arrived;
    await server.close(10);
    expect(await slow).toBe('cut');
    release();
  });

  it('says in one sentence that the port is taken', async () => {
    const { server } = await serve(build().app);
    const { app, logger } = build();
    await expect(serveApp(app, { host: '127.0.0.1', port: server.port, logger })).rejects.toThrow(
      `Port ${server.port} on 127.0.0.1 is already in use.`,
    );
  });
});

describe('a problem', () => {
  it('keeps its cause for the log and out of the answer', () => {
    const cause = new Error('why');
    expect(problem('unavailable', { cause }).cause).toBe(cause);
    expect(problem('not_found').message).toBe('Not found');
  });
});
