// Runs flows of every kind. Then searches the logs, tables, topics, responses and the ledger of the payment provider for secrets,
// because everything in these places gets into backups, log archives and support tickets.
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { serviceNames, services } from '../../scripts/stack/topology.ts';
import { readTopic } from '../support/kafka-log.ts';
import {
  act,
  call,
  eventually,
  newProduct,
  orderWith,
  placeRaw,
  query,
  stack,
  tokenOf,
  whileGateway,
  type Answer,
  type CallOptions,
} from '../support/shop.ts';

interface Secret {
  readonly label: string;
  readonly pattern: RegExp;
}
interface Text {
  readonly location: string;
  readonly text: string;
}

const exactly = (text: string): RegExp => new RegExp(text.replaceAll(/[^\w]/g, String.raw`\$&`));
const canary = randomUUID().replaceAll('-', '');
/** Card numbers of three brands, with a valid check digit. */
const cards = ['4111111111111111', '5555555555554444', '378282246310005'] as const;
const providerToken: Secret = { label: 'a token of the provider', pattern: /tok_[A-Za-z0-9_]+/ };
const signingKeys = z.object({ d: z.string() });

/** The private members of all keys in a parsed key file. */
const privateMembers = (value: unknown): string[] => {
  if (typeof value !== 'object' || value === null) return [];
  const key = signingKeys.safeParse(value);
  return [...(key.success ? [key.data.d] : []), ...Object.values(value).flatMap(privateMembers)];
};

/** A line of a stack trace: a position in a file, with or without a function. */
const stackFrame = /\bat (?:[^\s()]+ ){0,4}\(?(?:file:|node:|\/)[^\s()]+:\d+:\d+/;

let secrets: readonly Secret[] = [];
const responses: Text[] = [];

/** The only places where a card token of the payment provider is allowed: the order, the payment, the event between them, and the
 *  dead letters of that event. */
const tokenLocations = new Set([
  'table order.orders',
  'table order.outbox',
  'table payment.payments',
  'table payment.transactions',
  'table payment.dead_letters.value',
  'table inventory.dead_letters.value',
  'topic order-events',
]);

const finds = ({ location, text }: Text): string[] =>
  [...secrets, ...(tokenLocations.has(location) ? [] : [providerToken])].flatMap(({ label, pattern }) => {
    const found = pattern.exec(text);
    return found
      ? [`${location}: ${label}, near ${text.slice(Math.max(0, found.index - 60), found.index + 20)}`]
      : [];
  });

const logTexts = (): Text[] => {
  const folder = join(stack.dataDir, 'logs');
  return readdirSync(folder).map((name) => ({
    location: `log ${name}`,
    text: readFileSync(join(folder, name), 'latin1'),
  }));
};

const textOf = (value: unknown): string =>
  Buffer.isBuffer(value)
    ? value.toString('latin1')
    : JSON.stringify(value, (_key, member: unknown) =>
        typeof member === 'bigint' ? String(member) : member,
      );

async function tableTexts(): Promise<Text[]> {
  const texts: Text[] = [];
  for (const service of serviceNames) {
    const tables = await query<{ name: string }>(
      service,
      (sql) => sql`select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    for (const { name } of tables) {
      const rows = await query(service, (sql) => sql`select * from ${sql(name)}`);
      const columns = rows.flatMap((row) => Object.entries(row));
      for (const [column, value] of columns) {
        const location = `table ${service}.${name}`;
        const text = textOf(value);
        texts.push({ location: name === 'dead_letters' ? `${location}.${column}` : location, text });
      }
    }
  }
  return texts;
}

async function topicTexts(): Promise<Text[]> {
  const texts: Text[] = [];
  for (const service of serviceNames) {
    const { topic } = services[service];
    for (const { key, value, headers } of await readTopic(topic)) {
      const parts = [key, value, ...Object.values(headers ?? {}).flat()];
      texts.push({ location: `topic ${topic}`, text: parts.map((part) => textOf(part ?? '')).join('\n') });
    }
  }
  return texts;
}

const ledgerTexts = (): Text[] => [
  { location: 'ledger', text: readFileSync(join(stack.dataDir, 'gateway', 'ledger.jsonl'), 'utf8') },
];

/** Makes a call and records the response, which is searched later. */
async function recordedCall(
  part: Parameters<typeof call>[0],
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  const answer = await call(part, path, options);
  responses.push({
    location: `response of ${part} to ${options.method ?? ''} ${path}`,
    text: JSON.stringify([answer.body, ...answer.headers]),
  });
  return answer;
}

const idOf = ({ body }: Answer): string => z.object({ id: z.string() }).parse(body).id;
const repairPayments = () =>
  query('payment', (sql) => sql`alter table payments drop constraint if exists broken`);

/** Runs flows of every kind, successful and failing, with secrets in every possible place. */
async function runFlows(): Promise<void> {
  const { id: productId } = await newProduct(100);
  const items = [{ productId, quantity: 1 }];
  const place = async (
    more: object = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<string> => {
    const payment = { mode: 'AUTO', method: 'card', token: 'tok_success', ...more };
    return idOf(
      await recordedCall('order', '/api/v1/orders', { as: 'user', body: { items, payment }, headers }),
    );
  };
  const waitAndRead = async (id: string, status: string): Promise<void> => {
    await orderWith(id, status);
    for (const suffix of ['', '/history'])
      await recordedCall('order', `/api/v1/orders/${id}${suffix}`, { as: 'admin' });
    await recordedCall('payment', `/api/v1/payments/${id}`, { as: 'admin' });
  };

  await recordedCall('dashboard', '/auth/token', { body: { email: 'user@orderflow.io', password: canary } });
  await recordedCall('dashboard', '/auth/token', {
    body: { email: 'user@orderflow.io', password: 'orderflow', pan: cards[0] },
  });
  const cookie = { cookie: `session=${canary}`, 'x-api-key': canary, 'idempotency-key': randomUUID() };
  const paid = await place({}, cookie);
  expect(await place({}, cookie)).toBe(paid);
  await waitAndRead(paid, 'PAID');
  await waitAndRead(await place({ token: 'tok_declined' }), 'CANCELLED');
  const refunded = await place();
  await orderWith(refunded, 'PAID');
  await act(refunded, 'cancel', 'user');
  await waitAndRead(refunded, 'CANCELLED');
  const manual = await place({ mode: 'MANUAL', token: undefined });
  await orderWith(manual, 'CONFIRMED');
  const pay = `/api/v1/payments/${manual}/pay`;
  await recordedCall('payment', pay, { as: 'user', body: { token: cards[1] } });
  await recordedCall('payment', pay, {
    as: 'user',
    body: { token: 'tok_success' },
    headers: { 'idempotency-key': randomUUID() },
  });
  await waitAndRead(manual, 'PAID');
  await whileGateway({ mode: 'error' }, async () => {
    const failing = await place();
    await eventually('the charge has failed', async () => {
      const { body } = await call('payment', `/api/v1/payments/${failing}`, { as: 'admin' });
      return JSON.stringify(body).includes('"calls":') && !JSON.stringify(body).includes('"calls":0');
    });
  });

  for (const card of cards) {
    const payment = { mode: 'AUTO', method: 'card', token: card };
    await recordedCall('order', '/api/v1/orders', { as: 'user', body: { items, payment } });
    await recordedCall('order', '/api/v1/orders', {
      as: 'user',
      body: { items, payment: { ...payment, token: canary } },
    });
    await recordedCall('inventory', '/api/v1/products', {
      as: 'seller',
      body: { name: canary, sku: card, quantity: -1 },
    });
    await recordedCall('gateway', '/v1/charges', {
      body: { amountMinor: 1, currency: 'EUR', reference: canary, token: '', card },
    });
  }
  const forged = {
    authorization: `Bearer ${(await tokenOf('admin')).split('.').slice(0, 2).join('.')}.AAAA`,
  };
  await recordedCall('order', '/api/v1/orders', { headers: forged });
  await recordedCall('order', '/chaos/faults', { method: 'DELETE', headers: { 'x-chaos-token': canary } });
  await recordedCall('order', '/chaos/faults', {
    method: 'DELETE',
    headers: { 'x-chaos-token': stack.chaosToken },
  });
  await placeRaw({ items, as: 'seller' });

  // Simulates a defect of the payment service: it cannot store the payment terms of order.created, which contain the card token.
  await query('payment', (sql) =>
    sql.unsafe(
      `alter table payments add constraint broken check (token is null or token not like 'tok_broken%') not valid`,
    ),
  );
  const deadLettered = await place({ token: 'tok_broken_terms' });
  const [letter] = await eventually('order.created is a dead letter', async () => {
    const rows = await query<{ id: string }>(
      'payment',
      (sql) => sql`select id from dead_letters where key = ${deadLettered}`,
    );
    return rows.length === 1 && rows;
  });
  const path = '/api/v1/dead-letters';
  for (const suffix of ['', '/groups', `/${letter?.id}`])
    await recordedCall('payment', path + suffix, { as: 'admin' });
  const replay = { as: 'admin', method: 'POST' } as const;
  expect((await recordedCall('payment', `${path}/${letter?.id}/replay`, replay)).status).toBe(409);
  const shown = await recordedCall('payment', `${path}/${letter?.id}`, { as: 'admin' });
  expect(JSON.stringify(shown.body)).toContain('[redacted]');
  await repairPayments();
  expect((await recordedCall('payment', `${path}/${letter?.id}/replay`, replay)).status).toBe(200);
  await waitAndRead(deadLettered, 'CANCELLED');
  for (const service of serviceNames) await recordedCall(service, '/api/v1/audit?limit=100', { as: 'admin' });
  for (const part of ['order', 'dashboard', 'gateway'] as const) await recordedCall(part, '/metrics');
  await recordedCall('dashboard', '/health');
  await recordedCall('auditor', '/audit');
}

beforeAll(async () => {
  const bearers = await Promise.all((['user', 'seller', 'admin'] as const).map(tokenOf));
  const keys: unknown = JSON.parse(readFileSync(join(stack.dataDir, 'identity', 'keys.json'), 'utf8'));
  const members = privateMembers(keys);
  expect(members.length).toBeGreaterThan(0);
  secrets = [
    { label: 'a JWT', pattern: /\beyJ[\w-]{5,}\.eyJ[\w-]{5,}/ },
    { label: 'a bearer token', pattern: /\bBearer\s+[\w.~+/=-]{16,}/i },
    ...bearers.map((token) => ({ label: 'a signature', pattern: exactly(token.split('.')[2] ?? token) })),
    { label: 'a password next to its e-mail', pattern: /@orderflow\.io.{0,60}password\W{1,6}orderflow/i },
    { label: 'a password in a connection string', pattern: /:\/\/[^\s:/@"]+:[^\s/@"[]+@/ },
    { label: 'a password of a setting', pattern: /\bpassword\s*[=:]\s*"?orderflow\b/i },
    { label: 'the chaos token', pattern: exactly(stack.chaosToken) },
    { label: 'a private key', pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----/ },
    ...members.map((member) => ({ label: 'a private key', pattern: exactly(member) })),
    ...cards.map((card) => ({ label: 'a card number', pattern: exactly(card) })),
    { label: 'the canary', pattern: exactly(canary) },
  ];
  await runFlows();
}, 180_000);
afterAll(async () => {
  await repairPayments();
  // Later tests expect that there are no dead letters.
  await query('payment', (sql) => sql`delete from dead_letters`);
});

describe('no secret', () => {
  it('is in a log of any process', () => {
    const logs = logTexts();
    expect(logs.map(({ location }) => location)).toEqual(
      expect.arrayContaining(['log order.log', 'log connect.log', 'log kafka.log', 'log payment-db.log']),
    );
    expect(logs.flatMap(finds)).toEqual([]);
  });

  it('is in a table of any service', async () => {
    expect((await tableTexts()).flatMap(finds)).toEqual([]);
  });

  it('is on a topic', async () => {
    expect((await topicTexts()).flatMap(finds)).toEqual([]);
  });

  it("is in the provider's ledger", () => {
    expect(ledgerTexts().flatMap(finds)).toEqual([]);
  });

  it('is in a response; only responses about dead letters can contain a stack trace', () => {
    expect(responses.flatMap(finds)).toEqual([]);
    const withStack = responses.filter(
      ({ location, text }) => !location.includes('dead-letters') && stackFrame.test(text),
    );
    expect(withStack).toEqual([]);
  });
});

describe('the search', () => {
  it('finds planted secrets in texts, files and tables, and allowed tokens on topics', async () => {
    const planted = [
      await tokenOf('user'),
      `Bearer ${'a'.repeat(20)}`,
      '"email":"user@orderflow.io","password":"orderflow"',
      'postgres://me:hush@localhost/x',
      stack.chaosToken,
      '-----BEGIN PRIVATE KEY-----',
      ...cards,
      canary,
      'tok_success',
    ];
    for (const text of planted) expect(finds({ location: 'test', text }), text).not.toEqual([]);
    expect(JSON.stringify({ stack: new Error('x').stack })).toMatch(stackFrame);
    expect(JSON.stringify({ stack: 'Error\n    at node:internal/timers:1:2' })).toMatch(stackFrame);

    const file = join(stack.dataDir, 'logs', 'planted.log');
    writeFileSync(file, `${canary}\n`);
    try {
      expect(logTexts().flatMap(finds)).toHaveLength(1);
    } finally {
      writeFileSync(file, '');
    }
    const [entry] = await query<{ scope: string }>(
      'order',
      (sql) => sql`insert into idempotency_keys (scope, key, fingerprint, status, body, headers, created_at)
                   values (${canary}, 'planted', 'x', 200, '{}', '{}', now()) returning scope`,
    );
    try {
      expect((await tableTexts()).flatMap(finds)).toHaveLength(1);
    } finally {
      await query('order', (sql) => sql`delete from idempotency_keys where scope = ${entry?.scope ?? ''}`);
    }
    // The topic search covers the records: the records contain the card token that is allowed there.
    expect((await topicTexts()).some(({ text }) => providerToken.pattern.test(text))).toBe(true);
  });
});
