// Hostile and malformed requests to the HTTP API of every process except the auditor. Each request must be refused as documented and
// have no effect.
import { once } from 'node:events';
import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { serviceNames } from '../../scripts/stack/topology.ts';
import { problemSchema } from '../../services/platform/http/endpoint/problem-document.ts';
import { expectAuditorGreen } from '../support/audit.ts';
import { badRequests } from './bad-input/corpus.ts';
import type { BadRequest } from './bad-input/bad-request.ts';
import {
  call,
  conformanceOf,
  inParallel,
  newProduct,
  orderOne,
  orderWith,
  query,
  stack,
  tokenOf,
  type Answer,
} from '../support/shop.ts';

const isFramed = (headers: readonly string[]): boolean =>
  headers.some((line) => /^(content-length|transfer-encoding):/i.test(line));

/** Writes the request to a socket unchanged and reads the response until the server closes the connection. */
async function send({ part, line, as, headers = [], body = '' }: BadRequest): Promise<Answer<string>> {
  const bytes = Buffer.from(body);
  const { hostname, port, host } = new URL(stack.urls[part]);
  const lines = [
    `${line} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: close',
    ...(as === undefined ? [] : [`Authorization: Bearer ${await tokenOf(as)}`]),
    ...headers,
    ...(isFramed(headers) || bytes.length === 0 ? [] : [`Content-Length: ${bytes.length}`]),
  ];
  const socket = connect(Number(port), hostname);
  socket.setTimeout(20_000, () => socket.destroy(new Error('there was no response in time')));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A write error is expected if the server refuses the request and closes the connection before the whole request is written.
  const socketErrors: Error[] = [];
  socket.on('error', (error) => socketErrors.push(error));
  socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]));
  await once(socket, 'close');
  const answer = Buffer.concat(chunks).toString();
  const [head = '', text = ''] = answer.split('\r\n\r\n');
  const [statusLine = '', ...fields] = head.split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new Error(`not an HTTP response: "${answer}"`, { cause: socketErrors[0] });
  const named = fields.map((field): [string, string] => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  return { status, headers: new Headers(named), body: text };
}

/** The count and a digest of the rows of every table except the audit log, and the state of the payment provider. */
async function storedState(): Promise<Record<string, string>> {
  const stored: Record<string, string> = {};
  for (const service of serviceNames) {
    const tables = await query<{ name: string }>(
      service,
      (sql) => sql`select table_name as name from information_schema.tables
                   where table_schema = 'public' and table_name not in ('audit_log', 'audit_seals')`,
    );
    expect(tables.map(({ name }) => name)).toContain('outbox');
    for (const { name } of tables) {
      const [rows] = await query(
        service,
        (sql) =>
          sql`select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as rows
              from ${sql(name)} t`,
      );
      stored[`${service}.${name}`] = String(rows?.['rows']);
    }
  }
  stored['ledger'] = JSON.stringify((await call('gateway', '/v1/ledger?limit=50000')).body);
  stored['behaviour'] = JSON.stringify((await call('gateway', '/v1/behaviour')).body);
  return stored;
}

/** Sends a bad request and describes what is wrong with the response; undefined if the response is correct. */
async function describeFailure(bad: BadRequest): Promise<string | undefined> {
  const answer = await send(bad);
  const subject = `${bad.part}: ${bad.label} (${bad.line.slice(0, 80)}) → ${answer.status} ${answer.body.slice(0, 300)}`;
  const contentType = answer.headers.get('content-type');
  if (contentType !== 'application/problem+json') return `${subject}: has the content type ${contentType}`;
  const problem = problemSchema.safeParse(JSON.parse(answer.body));
  if (!problem.success) return `${subject}: is not a problem document`;
  const { status, code, correlationId } = problem.data;
  if (status !== answer.status || status !== bad.status || code !== bad.code)
    return `${subject}: should be ${bad.status} ${bad.code}`;
  if (answer.headers.get('x-correlation-id') !== correlationId || !/^[\w.-]{1,128}$/.test(correlationId))
    return `${subject}: has no valid correlation id`;
  if (answer.body.length > 64 * 1024) return `${subject}: has a body of ${answer.body.length} characters`;
  if (/\bat .+:\d+:\d+/.test(answer.body)) return `${subject}: contains a stack trace`;
  if (bad.beforeRouting === true) return undefined;
  const [method = '', path = ''] = bad.line.split(' ');
  const conform = await conformanceOf(bad.part);
  const violations = conform({ method, path, status, contentType, body: problem.data });
  return violations.length === 0 ? undefined : `${subject}: ${violations.join('; ')}`;
}

describe('bad input', () => {
  let corpus: BadRequest[];
  beforeAll(async () => {
    const testProduct = await newProduct(10);
    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    await orderWith(id, 'CONFIRMED');
    const adminToken = await tokenOf('admin');
    const [header, payload] = adminToken.split('.');
    const forgedToken = `${header}.${payload}.${'A'.repeat(86)}`;
    const { id: productId, sku } = testProduct;
    corpus = badRequests({ productId, sku, orderId: id, adminToken, forgedToken });
  });

  it('of every kind is refused as documented and stores nothing', async () => {
    expect(corpus.length).toBeGreaterThan(150);
    await expectAuditorGreen();
    const before = await storedState();
    const failures = await inParallel(corpus.length, 4, async (index) => {
      const bad = corpus[index];
      return bad && describeFailure(bad);
    });
    expect(failures.filter((sentence) => sentence !== undefined)).toEqual([]);
    expect(await storedState()).toEqual(before);
    await expectAuditorGreen();
  }, 180_000);

  it('would be detected if it stored data: a placed order changes the digest', async () => {
    const before = await storedState();
    await orderOne((await newProduct(1)).id);
    expect(await storedState()).not.toEqual(before);
  });
});
