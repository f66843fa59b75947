// HTTP over TLS: the HTTP server of the processes, with and without client certificates, and the registry client against a registry
// that requires a client certificate and a password. The peer is always a client or a server of Node itself.
import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpsRequest, type RequestOptions, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { callRegistry } from '../../schemas/tools/registry-http.ts';
import { createTestAuthority } from '../support/test-certificates.ts';
import { createApp } from '../../services/platform/http/server/app.ts';
import { serveApp, type RunningServer } from '../../services/platform/http/server/serve.ts';
import { createLogger } from '../../services/platform/process/logger.ts';
import type { ServerTls } from '../../services/platform/process/settings/process-settings.ts';
import type { RegistrySecurity } from '../../services/platform/process/security/registry-security.ts';
import { createRegistryClient } from '../../services/platform/event-codec/schema-registry.ts';

const authority = createTestAuthority('the authority');
const untrustedAuthority = createTestAuthority('another authority');
const server = authority.issue('server', ['localhost', '127.0.0.1']);
const client = authority.issue('client');
const untrustedClient = untrustedAuthority.issue('client');

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of cleanups.splice(0)) await close();
});
const folder = mkdtempSync(join(tmpdir(), 'orderflow-https-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const logged: string[] = [];
const stream = new PassThrough();
stream.on('data', (line: Buffer) => logged.push(line.toString('utf8')));
const logger = createLogger({ service: 'test', level: 'warn', stream });

const serve = async (tls: ServerTls): Promise<RunningServer> => {
  const app = createApp({ logger, title: 'Test' });
  const running = await serveApp(app, { host: '127.0.0.1', port: 0, logger, tls });
  cleanups.push(() => running.close(1_000));
  return running;
};

/** The status of `GET /openapi.json`, or the error code of a failed connection. */
const get = (port: number, tls: RequestOptions): Promise<number | string> =>
  new Promise((resolve) => {
    const path = '/openapi.json';
    const request = httpsRequest({ host: '127.0.0.1', port, path, agent: false, timeout: 5_000, ...tls });
    request.once('response', (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    request.end();
  });

describe('the HTTP server with a certificate', () => {
  it('is accepted only by clients that trust the authority of the certificate', async () => {
    const { port } = await serve(server);
    expect(await get(port, { ca: authority.cert })).toBe(200);
    expect(await get(port, { ca: untrustedAuthority.cert })).toMatch(
      /UNABLE_TO_VERIFY|SELF_SIGNED|UNABLE_TO_GET_ISSUER/,
    );
  });

  it('refuses versions before TLS 1.2', async () => {
    const { port } = await serve(server);
    const legacyTls = { ca: authority.cert, minVersion: 'TLSv1' as const, ciphers: 'DEFAULT@SECLEVEL=0' };
    expect(await get(port, { ...legacyTls, maxVersion: 'TLSv1.1' })).toMatch(
      /PROTOCOL_VERSION|EPROTO|ECONNRESET/,
    );
    expect(await get(port, { ...legacyTls, maxVersion: 'TLSv1.2' })).toBe(200);
  });

  it('survives clients that do not use TLS', async () => {
    const { port } = await serve(server);
    const plain = await fetch(`http://127.0.0.1:${port}/openapi.json`).catch(() => 'refused');
    expect(plain).toBe('refused');
    expect(await get(port, { ca: authority.cert })).toBe(200);
  });

  it('can close while a client has an idle connection', async () => {
    const running = await serve(server);
    const socket = connectTls({ host: '127.0.0.1', port: running.port, ca: authority.cert });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume().on('error', () => undefined);
    await running.close(500);
    await closed;
  });
});

describe('the HTTP server that requires a client certificate', () => {
  it('accepts only client certificates from the configured authority', async () => {
    const { port } = await serve({ ...server, clientCa: authority.cert });
    const ca = authority.cert;
    expect(await get(port, { ca, ...client })).toBe(200);
    expect(await get(port, { ca })).toMatch(/CERTIFICATE_REQUIRED|ECONNRESET|EPIPE/);
    expect(await get(port, { ca, ...untrustedClient })).toMatch(/UNKNOWN_CA|ECONNRESET|EPIPE/);
  });
});

describe('NODE_EXTRA_CA_CERTS', () => {
  it('makes the HTTP clients of the processes trust a private authority', async () => {
    const { port } = await serve(server);
    const extra = join(folder, 'extra.pem');
    writeFileSync(extra, authority.cert);
    const script = `await fetch('https://localhost:${port}/openapi.json').then(
      ({ status }) => process.stdout.write(String(status)), (error) => process.stdout.write(error.cause.code));`;
    const outputWith = (env: Record<string, string>) =>
      new Promise<string>((resolve, reject) => {
        const options = { env: { PATH: process.env['PATH'], ...env }, timeout: 20_000 };
        execFile(process.execPath, ['--input-type=module', '-e', script], options, (error, stdout) => {
          if (error) reject(new Error('the script failed', { cause: error }));
          else resolve(stdout.trim());
        });
      });
    expect(await outputWith({ NODE_EXTRA_CA_CERTS: extra })).toBe('200');
    expect(await outputWith({})).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED|UNABLE_TO_GET_ISSUER/);
  }, 60_000);
});

describe('the registry client', () => {
  const user = { username: 'order', password: randomUUID() };
  const expectedAuthorization = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`;

  const registry = async (): Promise<string> => {
    const options = { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    const listening: Server = createServer(options, (request, response) => {
      const authorised = request.headers.authorization === expectedAuthorization;
      response.writeHead(authorised ? 200 : 401, { 'content-type': 'application/json' });
      const answer = { id: 7, version: 1, subject: 's', schema: '"string"' };
      response.end(JSON.stringify(authorised ? answer : { error_code: 401, message: 'Unauthorized' }));
    });
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      listening.closeAllConnections();
      return new Promise((resolve) => listening.close(resolve));
    });
    const address = listening.address();
    if (typeof address !== 'object' || address === null) throw new Error('the registry does not listen');
    return `https://localhost:${address.port}`;
  };
  const eventType = 'order.created' as const;
  const tls = { ca: authority.cert, ...client };

  it('resolves an id with the certificate and the password', async () => {
    const connected = createRegistryClient(await registry(), logger, { tls, user });
    await connected.resolveIds([eventType], new AbortController().signal);
    expect(connected.schemaId(eventType)).toBe(7);
  });

  it('of the npm commands also needs the authority, the certificate and the password', async () => {
    const url = await registry();
    const statusWith = (security: RegistrySecurity) =>
      callRegistry({ url, security }, `${url}/subjects`, { timeoutMs: 5_000 });
    expect(await statusWith({ tls, user })).toMatchObject({
      status: 200,
      text: expect.stringContaining('"id":7'),
    });
    expect(await statusWith({ tls })).toMatchObject({ status: 401 });
    await expect(statusWith({ tls: { ...tls, ca: untrustedAuthority.cert }, user })).rejects.toThrow(
      /certificate/i,
    );
    await expect(statusWith({ tls: { ca: authority.cert }, user })).rejects.toThrow(
      /certificate|socket|ECONNRESET|EPIPE/i,
    );
  });

  it.each([
    ['the wrong authority', { tls: { ...tls, ca: untrustedAuthority.cert }, user }, /certificate/i],
    ['no client certificate', { tls: { ca: authority.cert }, user }, /certificate|socket|ECONNRESET|EPIPE/i],
    ['the wrong password', { tls, user: { ...user, password: 'guess' } }, /Unauthorized/],
  ])('with %s resolves no id, and logs the reason', async (_what, security, reason) => {
    const refusedClient = createRegistryClient(await registry(), logger, security);
    const aborting = new AbortController();
    logged.length = 0;
    const resolving = refusedClient.resolveIds([eventType], aborting.signal);
    await expect.poll(() => logged.join(''), { timeout: 10_000 }).toMatch(reason);
    expect(refusedClient.missing()).toEqual([eventType]);
    aborting.abort();
    await resolving;
  });
});
