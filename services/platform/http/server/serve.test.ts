import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { App } from './request-context.ts';
import { serveApp, type RunningServer, type ServeOptions } from './serve.ts';
import { createTestApp } from './test-app.ts';

describe('a running server', () => {
  const servers: RunningServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close(0)));
  });

  const serve = async (app: App, options: Partial<ServeOptions> = {}) => {
    const { logger } = createTestApp();
    const server = await serveApp(app, { host: '127.0.0.1', port: 0, logger, ...options });
    servers.push(server);
    return { server, at: (path: string) => `http://127.0.0.1:${server.port}${path}` };
  };

  const gated = () => {
    const { app } = createTestApp();
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

  it('answers bytes that are not HTTP, and headers that are too large, with a problem', async () => {
    const { server } = await serve(createTestApp().app);
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

  it('answers a connection beyond the limit with 503, and does not handle its request', async () => {
    const { app } = createTestApp();
    let handled = 0;
    app.post('/orders', (c) => {
      handled += 1;
      return c.text('placed');
    });
    const { server } = await serve(app, { maxConnections: 1 });
    const first = connect(server.port, '127.0.0.1');
    await once(first, 'connect');
    const answer = await raw(server.port, 'POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toContain('"code":"overloaded"');
    expect(handled).toBe(0);
    first.destroy();
  });

  it('closes a connection beyond the limit although the client keeps sending', async () => {
    const { server } = await serve(createTestApp().app, { maxConnections: 0 });
    const socket = connect(server.port, '127.0.0.1').resume();
    // The server closes the connection while the client writes.
    socket.on('error', () => undefined);
    const chatter = setInterval(() => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 200);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(chatter);
  });

  it('answers a request with a malformed target with a problem', async () => {
    const { server } = await serve(createTestApp().app);
    const answer = await raw(server.port, 'GET http://[bad HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"bad_request"');
  });

  it.each([
    ['no Host', '1.1', []],
    ['two Hosts', '1.1', ['Host: a', 'Host: b']],
    ['the same Host twice', '1.1', ['Host: a', 'Host: a']],
    ['an empty Host', '1.1', ['Host:']],
    ['a path in the Host', '1.1', ['Host: a/b']],
    ['a query in the Host', '1.1', ['Host: a?b']],
    ['a fragment in the Host', '1.1', ['Host: a#b']],
    ['a user in the Host', '1.1', ['Host: a@b']],
    ['a space in the Host', '1.1', ['Host: a b']],
    ['a port that is no number', '1.1', ['Host: a:b']],
    ['two Hosts in HTTP/1.0', '1.0', ['Host: a', 'Host: b']],
  ])('answers a request that has %s with a problem', async (_what, version, hosts) => {
    const { server } = await serve(createTestApp().app);
    const lines = [`GET /raw HTTP/${version}`, 'Connection: close', ...hosts];
    const answer = await raw(server.port, `${lines.join('\r\n')}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('application/problem+json');
    expect(answer).toMatch(/"detail":"[^"]*Host.*"code":"bad_request"/);
  });

  it.each([
    ['1.0', []],
    ['1.0', ['Host: a']],
    ['1.1', ['Host: shop.example:8080']],
    ['1.1', ['Host: [::1]:3001']],
  ])('accepts a request of HTTP/%s that has the headers %j', async (version, hosts) => {
    const { server } = await serve(createTestApp().app);
    const lines = [`GET /raw HTTP/${version}`, 'Connection: close', ...hosts];
    expect(await raw(server.port, `${lines.join('\r\n')}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[^]*as it is/,
    );
  });

  it('answers 100-continue, and refuses every other expectation', async () => {
    const { server } = await serve(createTestApp().app);
    const body = JSON.stringify({ name: 'chair', parts: [] });
    const expecting = (expectation: string, host = 'x') =>
      `POST /v1/things HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\nExpect: ${expectation}\r\n\r\n`;
    const answer = await raw(server.port, `${expecting('100-Continue')}${body}`);
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 Created\r\n/);
    expect(await raw(server.port, expecting('100-continue', 'a/b'))).toMatch(/^HTTP\/1\.1 400 /);
    for (const expectation of ['miracles', '100-continue, miracles', 'x-100-continue']) {
      const refused = await raw(server.port, expecting(expectation));
      expect(refused).toMatch(/^HTTP\/1\.1 417 /);
      expect(refused).toContain('"code":"expectation_failed"');
      expect(refused).toContain('application/problem+json');
    }
  });

  it('uses the public URL also in refusals outside the application', async () => {
    const { server } = await serve(createTestApp().app, { publicUrl: 'https://shop.example/orders-api' });
    for (const bytes of [
      'NONSENSE',
      'GET /raw HTTP/1.1',
      'GET /raw HTTP/1.1\r\nHost: x\r\nExpect: miracles',
    ]) {
      const answer = await raw(server.port, `${bytes}\r\n\r\n`);
      expect(answer).toContain('"type":"https://shop.example/orders-api/problems/');
      expect(answer).toContain('"instance":"/orders-api/"');
    }
  });

  it('refuses a chunked body as soon as it exceeds the limit', async () => {
    const { at } = await serve(createTestApp().app);
    const request = httpRequest(at('/v1/things'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    // The server can close the connection before everything is written; only the response matters.
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

  it('closes idle keep-alive connections immediately', async () => {
    const { server, at } = await serve(createTestApp().app);
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

  it('closes a keep-alive connection once the response that was under way has ended', async () => {
    const { app } = createTestApp();
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

  it('cuts requests that are still under way at the deadline', async () => {
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

  it('reports in one sentence that the port is in use', async () => {
    const { server } = await serve(createTestApp().app);
    const { app, logger } = createTestApp();
    await expect(serveApp(app, { host: '127.0.0.1', port: server.port, logger })).rejects.toThrow(
      `Port ${server.port} on 127.0.0.1 is already in use; set PORT to a free port.`,
    );
  });
});
