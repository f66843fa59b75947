// The gateway client against the mock provider: definite and unknown outcomes, and one money movement per key.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { maxTotalMinor } from '../../services/order/domain/place-order.ts';
import { createGatewayApp } from '../../services/gateway/http/routes.ts';
import { openLedger, type Ledger } from '../../services/gateway/ledger.ts';
import { createHealth } from '../../services/platform/http/routes/health.ts';
import { serveApp } from '../../services/platform/http/server/serve.ts';
import { silentLogger } from '../../services/platform/process/silent-logger.ts';
import {
  createGatewayClient,
  type ChargeRequest,
  type GatewayClient,
} from '../../services/payment/jobs/gateway-client.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const timeout = (): AbortSignal => AbortSignal.timeout(10_000);

let client: GatewayClient;
let ledger: Ledger;
let end: () => Promise<void>;
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'orderflow-provider-'));
  const logger = silentLogger('gateway');
  ledger = await openLedger(join(folder, 'ledger.jsonl'));
  const health = createHealth({ checks: {} });
  const stopping = new AbortController();
  const app = createGatewayApp({ logger, ledger, health, stopping: stopping.signal, publicUrl: undefined });
  const server = await serveApp(app, { host: '127.0.0.1', port: 0, logger });
  client = createGatewayClient(`http://127.0.0.1:${server.port}`);
  end = async () => {
    stopping.abort();
    await server.close();
    await ledger.close();
    await rm(folder, { recursive: true });
  };
});
afterEach(() => end());

/** The charged and refunded amounts in the ledger of the provider, in minor units. */
const chargedAndRefunded = async (): Promise<readonly [number, number]> => {
  const { captured, refunded } = await ledger.snapshot(100);
  return [captured[0]?.amountMinor ?? 0, refunded[0]?.amountMinor ?? 0];
};

/** Creates a charge request with a new idempotency key. */
const chargeOf = (token: string | null, amountMinor = 1_000): ChargeRequest => ({
  idempotencyKey: randomUUID(),
  reference: randomUUID(),
  traceparent,
  amount: { amountMinor, currency: 'EUR' },
  token,
});

describe('a charge', () => {
  it('is made once, however often it is requested with the same key', async () => {
    const request = chargeOf(null);
    const first = await client.charge(request, timeout());
    expect(first.kind).toBe('succeeded');
    expect(await client.charge(request, timeout())).toEqual(first);
    expect(await client.lookUp(request, timeout())).toEqual(first);
    expect(await chargedAndRefunded()).toEqual([1_000, 0]);
  });

  it.each([
    ['tok_declined', 'card_declined'],
    ['tok_insufficient_funds', 'insufficient_funds'],
    ['tok_of_nobody', 'invalid_token'],
  ])('with %s is refused with a definite result', async (token, code) => {
    const request = chargeOf(token);
    expect(await client.charge(request, timeout())).toEqual({ kind: 'refused', code });
    expect(await client.lookUp(request, timeout())).toEqual({ kind: 'refused', code });
    expect(await chargedAndRefunded()).toEqual([0, 0]);
  });

  it('whose response is lost has an unknown outcome; a retry with the same key finds the charge and does not repeat it', async () => {
    const request = chargeOf('tok_charge_then_drop');
    expect(await client.charge(request, timeout())).toMatchObject({ kind: 'unknown', timedOut: false });
    expect((await client.charge(request, timeout())).kind).toBe('succeeded');
    expect(await chargedAndRefunded()).toEqual([1_000, 0]);
  });

  it('that fails at the provider has an unknown outcome; a look-up finds no charge', async () => {
    const request = chargeOf('tok_error');
    expect(await client.charge(request, timeout())).toMatchObject({ kind: 'unknown', timedOut: false });
    expect(await client.lookUp(request, timeout())).toEqual({ kind: 'absent' });
  });

  it('without a response in time is reported as timed out', async () => {
    const request = chargeOf('tok_slow');
    expect(await client.charge(request, AbortSignal.timeout(200))).toMatchObject({
      kind: 'unknown',
      timedOut: true,
    });
  });
});

it('the provider charges the largest total that an order can have', async () => {
  expect((await client.charge(chargeOf(null, maxTotalMinor), timeout())).kind).toBe('succeeded');
  expect(await chargedAndRefunded()).toEqual([maxTotalMinor, 0]);
});

describe('a refund', () => {
  it('is made once, and never for more than was charged', async () => {
    const charge = chargeOf(null);
    const charged = await client.charge(charge, timeout());
    const chargeId = charged.kind === 'succeeded' ? charged.gatewayId : 'none';
    const refund = { idempotencyKey: randomUUID(), traceparent, chargeId, amountMinor: 1_000 };
    const first = await client.refund(refund, timeout());
    expect(first.kind).toBe('succeeded');
    expect(await client.refund(refund, timeout())).toEqual(first);
    expect(await client.refund({ ...refund, idempotencyKey: randomUUID() }, timeout())).toEqual({
      kind: 'refused',
      code: 'refund_exceeds_charge',
    });
    expect(await chargedAndRefunded()).toEqual([1_000, 1_000]);
  });
});
