import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createPartsHealth, type Target } from './parts-health.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
};

const part = async (name: string, listener: RequestListener): Promise<Target> => {
  const server = createHttpServer(listener);
  const port = await listen(server);
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { name, kind: 'http', url: `http://127.0.0.1:${port}/health/ready` };
};

const closedPort = async (): Promise<number> => {
  const server = createTcpServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
};

const answering =
  (status: number, body: unknown): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

describe('the health of the components', () => {
  it('shows the result of each probe', async () => {
    const tcp = createTcpServer();
    const tcpPort = await listen(tcp);
    cleanups.push(() => tcp.close());
    const report = createPartsHealth({
      // Never reached: every component responds or refuses immediately.
      timeoutMs: 20_000,
      targets: [
        await part('healthy', answering(200, { status: 'ok', checks: { database: { status: 'ok' } } })),
        await part(
          'failing',
          answering(503, {
            checks: { database: { status: 'unavailable', detail: 'refused' }, kafka: { status: 'ok' } },
          }),
        ),
        await part(
          'degraded',
          answering(200, {
            checks: { database: { status: 'ok' } },
            pipeline: { kafka: { status: 'unavailable', detail: 'halted' }, registry: { status: 'ok' } },
          }),
        ),
        await part('without-report', answering(404, 'x')),
        { name: 'tcp', kind: 'tcp', host: '127.0.0.1', port: tcpPort },
        { name: 'tcp-gone', kind: 'tcp', host: '127.0.0.1', port: await closedPort() },
        { name: 'http-gone', kind: 'http', url: `http://localhost:${await closedPort()}/` },
      ],
    });
    const { parts } = await report();
    expect(parts.map(({ name, status: one, detail }) => [name, one, detail])).toEqual([
      ['healthy', 'ok', 'database'],
      ['failing', 'unavailable', 'database: refused'],
      ['degraded', 'degraded', 'kafka: halted'],
      ['without-report', 'unavailable', 'HTTP 404'],
      ['tcp', 'ok', 'accepts connections'],
      ['tcp-gone', 'unavailable', expect.stringContaining('ECONNREFUSED')],
      ['http-gone', 'unavailable', expect.stringContaining('ECONNREFUSED')],
    ]);
    expect(parts.every(({ latencyMs }) => latencyMs !== null && latencyMs >= 0)).toBe(true);
  });

  it('reports a hanging component after the timeout', async () => {
    const report = createPartsHealth({ timeoutMs: 100, targets: [await part('hanging', () => {})] });
    const { parts } = await report();
    expect(parts).toMatchObject([{ status: 'unavailable', detail: 'no answer within 100 ms' }]);
  });

  it('probes each component once for concurrent calls and while the report is fresh', async () => {
    let asked = 0;
    const report = createPartsHealth({
      freshMs: 60_000,
      targets: [
        await part('counted', (_, response) => {
          asked += 1;
          response.end();
        }),
      ],
    });
    await Promise.all(Array.from({ length: 50 }, () => report()));
    await report();
    expect(asked).toBe(1);
  });

  it('probes again once the report has expired', async () => {
    let well = true;
    const report = createPartsHealth({
      freshMs: 0,
      targets: [await part('changing', (_, response) => response.writeHead(well ? 200 : 500).end())],
    });
    const statusNow = async () => (await report()).parts[0]?.status;
    expect(await statusNow()).toBe('ok');
    well = false;
    await expect.poll(statusNow, { interval: 1 }).toBe('unavailable');
  });

  describe('with the status file of the supervisor', () => {
    const withStack = async (content: string | undefined, targets: readonly Target[] = []) => {
      const directory = await mkdtemp(join(tmpdir(), 'stack-'));
      cleanups.push(() => rm(directory, { recursive: true }));
      const stackFile = join(directory, 'stack.json');
      if (content !== undefined) await writeFile(stackFile, content);
      return (await createPartsHealth({ targets, stackFile, timeoutMs: 500 })()).parts;
    };
    const order = { pid: 12, state: 'ready', restarts: 2, startedAt: '2026-01-01T00:00:00Z', label: 'Order' };

    it('adds the state of the process', async () => {
      const target = await part('order', answering(500, {}));
      expect(await withStack(JSON.stringify({ parts: { order } }), [target])).toMatchObject([
        {
          name: 'order',
          status: 'unavailable',
          pid: 12,
          state: 'ready',
          restarts: 2,
          startedAt: '2026-01-01T00:00:00Z',
        },
      ]);
    });

    it('includes parts without a probe', async () => {
      const parts = { a: { state: 'ready' }, b: { state: 'starting' }, c: { state: 'stopped' } };
      expect((await withStack(JSON.stringify({ parts }))).map(({ name, status }) => [name, status])).toEqual([
        ['a', 'ok'],
        ['b', 'unknown'],
        ['c', 'unavailable'],
      ]);
    });

    it.each([undefined, '', '{"parts":[{"na', '{"parts":7}', '[]'])(
      'reports only the results of the probes when the file is %j',
      async (content) => {
        const target = await part('order', answering(200, {}));
        expect(await withStack(content, [target])).toMatchObject([{ name: 'order', status: 'ok' }]);
      },
    );
  });
});
