import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHealth } from '../../platform/http/routes/health.ts';
import { serveApp } from '../../platform/http/server/serve.ts';
import { silentLogger } from '../../platform/process/silent-logger.ts';
import { problemSchema } from '../../platform/http/endpoint/problem-document.ts';
import { createGatewayApp } from './routes.ts';
import { openLedger } from '../ledger.ts';

const charge = z.object({
  id: z.string(),
  status: z.string(),
  idempotencyKey: z.string(),
  amountMinor: z.number(),
});
const totals = z.array(z.object({ currency: z.string(), amountMinor: z.number() }));
const ledgerView = z.object({
  charges: z.array(charge),
  refunds: z.array(z.object({ id: z.string(), chargeId: z.string() })),
  captured: totals,
  refunded: totals,
});

const clientOf = (base: string) => {
  const send = (path: string, method: string, body: unknown, key?: string, init: RequestInit = {}) =>
    fetch(`${base}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      body: JSON.stringify(body),
      ...init,
    });
  const order = { amountMinor: 4200, currency: 'EUR', reference: 'r-1' };
  return {
    order,
    charge: (key: string | undefined, over: Record<string, unknown> = {}, init?: RequestInit) =>
      send('/v1/charges', 'POST', { ...order, ...over }, key, init),
    refund: (id: string, key: string | undefined, amountMinor: unknown) =>
      send(`/v1/charges/${id}/refunds`, 'POST', { amountMinor }, key),
    behave: (body: unknown) => send('/v1/behaviour', 'PUT', body),
    byKey: (key: string) => fetch(`${base}/v1/charges?idempotencyKey=${encodeURIComponent(key)}`),
    ledger: async () => ledgerView.parse(await (await fetch(`${base}/v1/ledger`)).json()),
    get: (path: string) => fetch(`${base}${path}`),
  };
};

const logger = silentLogger('gateway');

let directory: string;
let client: ReturnType<typeof clientOf>;
let hung: AbortController;
let stop: () => Promise<void>;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gateway-'));
  const ledger = await openLedger(join(directory, 'ledger.jsonl'));
  hung = new AbortController();
  const health = createHealth({ checks: { ledger: ledger.check } });
  const app = createGatewayApp({ logger, ledger, health, stopping: hung.signal });
  const server = await serveApp(app, { host: '127.0.0.1', port: 0, logger });
  client = clientOf(`http://127.0.0.1:${server.port}`);
  stop = async () => {
    hung.abort();
    await server.close();
    await ledger.close();
  };
});
afterEach(async () => {
  await stop();
  await rm(directory, { recursive: true });
});

const codeOf = async (response: Response) => {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  return [response.status, problemSchema.parse(await response.json()).code];
};

describe('a charge', () => {
  it('is made once and replayed under the same key', async () => {
    const first = await client.charge('k');
    expect(first.status).toBe(201);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    const made: unknown = await first.json();
    expect(made).toMatchObject({ status: 'succeeded', ...client.order, idempotencyKey: 'k' });
    for (const key of ['k', '"k"']) {
      const again = await client.charge(key, { token: 'tok_success' });
      expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
      expect(await again.json()).toEqual(made);
    }
    expect((await client.ledger()).captured).toEqual([{ currency: 'EUR', amountMinor: 4200 }]);
  });

  it('is made once by fifty concurrent requests', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.charge('k')));
    const made = await Promise.all(answers.map(async (answer) => charge.parse(await answer.json()).id));
    expect(new Set(made).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === null)).toHaveLength(1);
    expect((await client.ledger()).charges).toHaveLength(1);
  });

  it.each([{ amountMinor: 4201 }, { currency: 'USD' }, { reference: 'r-2' }, { token: 'tok_declined' }])(
    'is refused with %o under a used key',
    async (over) => {
      await client.charge('k');
      expect(await codeOf(await client.charge('k', over))).toEqual([422, 'idempotency_key_reused']);
      expect((await client.ledger()).charges).toHaveLength(1);
    },
  );

  it('is refused with another body under a key whose request is in progress', async () => {
    await client.behave({ mode: 'slow', latencyMs: 150 });
    const [first, other] = await Promise.all([client.charge('k'), client.charge('k', { amountMinor: 1 })]);
    expect([first.status, other.status].toSorted()).toEqual([201, 422]);
    expect((await client.ledger()).charges).toHaveLength(1);
  });

  it.each([undefined, '', 'with space', 'x'.repeat(256), '""', '"half', 'half"'])(
    'is refused with the key %j',
    async (key) => {
      expect(await codeOf(await client.charge(key))).toEqual([400, 'idempotency_key_missing']);
      expect((await client.ledger()).charges).toEqual([]);
    },
  );

  it.each([
    { amountMinor: 0 },
    { amountMinor: -1 },
    { amountMinor: 1.5 },
    { amountMinor: '100' },
    { amountMinor: 1e300 },
    { amountMinor: null },
    { currency: 'eur' },
    { currency: 'EURO' },
    { reference: '' },
    { reference: undefined },
    { token: '' },
    { token: 7 },
    { extra: true },
  ])('is refused with the body %o', async (over) => {
    expect(await codeOf(await client.charge('k', over))).toEqual([422, 'schema_violation']);
    expect((await client.ledger()).charges).toEqual([]);
  });

  it.each([
    ['tok_declined', 402, 'card_declined'],
    ['tok_insufficient_funds', 402, 'insufficient_funds'],
    ['tok_of_nobody', 422, 'invalid_token'],
  ])('with %s is declined, recorded, and replayed', async (token, status, code) => {
    expect(await codeOf(await client.charge('k', { token }))).toEqual([status, code]);
    const again = await client.charge('k', { token });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await codeOf(again)).toEqual([status, code]);
    const { charges, captured } = await client.ledger();
    expect(charges.map((entry) => entry.status)).toEqual(['declined']);
    expect(captured).toEqual([]);
  });

  it('with tok_error fails, charges nothing and leaves the key free', async () => {
    expect(await codeOf(await client.charge('k', { token: 'tok_error' }))).toEqual([500, 'provider_error']);
    expect((await client.ledger()).charges).toEqual([]);
    expect((await client.charge('k')).status).toBe(201);
  });

  it('with tok_charge_then_drop is made although the response is lost, and is found by its key', async () => {
    await expect(client.charge('k', { token: 'tok_charge_then_drop' })).rejects.toThrow();
    expect(await (await client.byKey('k')).json()).toMatchObject({ data: [{ status: 'succeeded' }] });
    const again = await client.charge('k', { token: 'tok_charge_then_drop' });
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect((await client.ledger()).charges).toHaveLength(1);
  });

  it('with tok_slow is made even when the caller times out; a repeated request waits for the first request', async () => {
    await client.behave({ mode: 'normal', latencyMs: 1_500 });
    const impatient = client.charge('k', { token: 'tok_slow' }, { signal: AbortSignal.timeout(50) });
    await expect(impatient).rejects.toThrow();
    expect(await codeOf(await client.byKey('k'))).toEqual([409, 'request_in_progress']);
    const again = await client.charge('k', { token: 'tok_slow' });
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect((await client.ledger()).charges).toHaveLength(1);
  });

  it('is not found under a key that was never used', async () => {
    expect(await (await client.byKey('never')).json()).toEqual({ data: [] });
    expect((await client.get('/v1/charges')).status).toBe(422);
  });
});

describe('a refund', () => {
  const paid = async () => charge.parse(await (await client.charge('k')).json()).id;

  it('is made once and replayed under the same key', async () => {
    const id = await paid();
    const first = await client.refund(id, 'r', 4200);
    const made: unknown = await first.json();
    expect(made).toMatchObject({ chargeId: id, amountMinor: 4200, currency: 'EUR', status: 'succeeded' });
    const again = await client.refund(id, 'r', 4200);
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(await again.json()).toEqual(made);
    expect((await client.ledger()).refunded).toEqual([{ currency: 'EUR', amountMinor: 4200 }]);
  });

  it('never exceeds the charge, however many are requested concurrently', async () => {
    const id = await paid();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => client.refund(id, `r-${n}`, 1000)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(4);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(6);
    expect((await client.ledger()).refunded).toEqual([{ currency: 'EUR', amountMinor: 4000 }]);
  });

  it('is refused without a key, for an unknown charge, for amount 0, with another body under the same key, and beyond the charged amount', async () => {
    const id = await paid();
    expect(await codeOf(await client.refund(id, undefined, 1))).toEqual([400, 'idempotency_key_missing']);
    expect(await codeOf(await client.refund('ch_nothing', 'r', 1))).toEqual([404, 'not_found']);
    expect(await codeOf(await client.refund(id, 'r', 0))).toEqual([422, 'schema_violation']);
    expect((await client.refund(id, 'r', 1)).status).toBe(201);
    expect(await codeOf(await client.refund(id, 'r', 2))).toEqual([422, 'idempotency_key_reused']);
    expect(await codeOf(await client.refund(id, 'r-2', 4200))).toEqual([409, 'refund_exceeds_charge']);
  });

  it('is replayed when it is repeated after a lost response', async () => {
    const id = await paid();
    await client.behave({ mode: 'charge_then_drop' });
    await expect(client.refund(id, 'r', 4200)).rejects.toThrow();
    expect((await client.refund(id, 'r', 4200)).status).toBe(201);
    expect((await client.ledger()).refunds).toHaveLength(1);
  });
});

describe('the behaviour', () => {
  it('is normal at first, can be changed, and refuses invalid values', async () => {
    expect(await (await client.get('/v1/behaviour')).json()).toEqual({
      mode: 'normal',
      rate: 1,
      latencyMs: 5000,
      seed: 1,
    });
    const put = await client.behave({ mode: 'error', rate: 0.25, seed: 7 });
    expect(await put.json()).toEqual({ mode: 'error', rate: 0.25, latencyMs: 5000, seed: 7 });
    for (const wrong of [
      {},
      { mode: 'odd' },
      { mode: 'error', rate: 2 },
      { mode: 'slow', latencyMs: -1 },
      { mode: 'slow', x: 1 },
    ]) {
      expect(await codeOf(await client.behave(wrong))).toEqual([422, 'schema_violation']);
    }
    expect(await (await client.get('/v1/behaviour')).json()).toMatchObject({ mode: 'error' });
  });

  it('repeats exactly with the same seed', async () => {
    const run = async (name: string) => {
      await client.behave({ mode: 'decline', rate: 0.5, seed: 3 });
      const statuses: number[] = [];
      for (let n = 0; n < 20; n += 1) statuses.push((await client.charge(`${name}-${n}`)).status);
      return statuses;
    };
    const first = await run('a');
    expect(new Set(first)).toEqual(new Set([201, 402]));
    expect(await run('b')).toEqual(first);
  });

  it('hang never answers, charges nothing, and drops the request when the process stops', async () => {
    await client.behave({ mode: 'hang' });
    await expect(client.charge('gives-up', {}, { signal: AbortSignal.timeout(50) })).rejects.toThrow();
    const waiting = client.charge('waits').then(
      () => 'answered',
      () => 'dropped',
    );
    expect((await client.ledger()).charges).toEqual([]);
    await client.behave({ mode: 'normal' });
    expect((await client.charge('gives-up')).status).toBe(201);
    hung.abort();
    expect(await waiting).toBe('dropped');
  });
});

describe('kill -9', () => {
  const children = new Set<ChildProcess>();
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
  });

  const startProcess = async (file: string) => {
    const child = spawn(process.execPath, [new URL('../main.ts', import.meta.url).pathname], {
      env: { HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'info', LEDGER_FILE: file },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.add(child);
    const exited = once(child, 'exit');
    const listening = Promise.withResolvers<number>();
    createInterface(child.stdout).on('line', (line) => {
      const record = z
        .looseObject({ message: z.string(), port: z.number().optional() })
        .parse(JSON.parse(line));
      if (record.message === 'listening' && record.port !== undefined) listening.resolve(record.port);
    });
    const port = await listening.promise;
    return { child, exited, client: clientOf(`http://127.0.0.1:${port}`) };
  };

  it('loses no answered charge, and makes no charge twice', { timeout: 60_000 }, async () => {
    const file = join(directory, 'killed.jsonl');
    const first = await startProcess(file);
    const answered = new Map<string, string>();
    const keys = Array.from({ length: 200 }, (_, n) => `k-${n}`);
    const requests = keys.map(async (key) => {
      const response = await first.client.charge(key);
      answered.set(key, charge.parse(await response.json()).id);
      if (answered.size === 100) first.child.kill('SIGKILL');
    });
    await Promise.allSettled(requests);
    await first.exited;
    expect(answered.size).toBeGreaterThanOrEqual(100);

    const second = await startProcess(file);
    for (const key of keys) {
      const { id } = charge.parse(await (await second.client.charge(key)).json());
      expect(answered.get(key) ?? id).toBe(id);
    }
    const { charges, captured } = await second.client.ledger();
    expect(charges.map(({ idempotencyKey }) => idempotencyKey).toSorted()).toEqual(keys.toSorted());
    expect(captured).toEqual([{ currency: 'EUR', amountMinor: 4200 * keys.length }]);
    second.child.kill('SIGTERM');
    expect(await second.exited).toEqual([0, null]);
  });
});
