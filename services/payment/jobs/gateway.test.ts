// Tests the circuit breaker, the retry and the timeout with a provider that fails, hangs, declines or succeeds.
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../platform/process/logger.ts';
import type { GatewayResult } from '../domain/gateway-call.ts';
import type { GatewayClient } from './gateway-client.ts';
import { createGateway, type Resilience } from './gateway.ts';

const resilience: Resilience = {
  timeoutMs: 1_000,
  retries: 0,
  retryMaxMs: 100,
  failures: 5,
  halfOpenAfterMs: 30_000,
};
const nowhere = new Writable({
  write: (_line, _encoding, done) => {
    done();
  },
});
const logger = createLogger({ service: 'test', level: 'error', stream: nowhere });
const request = {
  idempotencyKey: 'charge-1',
  amount: { amountMinor: 100, currency: 'EUR' },
  token: null,
  reference: 'order-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const always = async (): Promise<boolean> => true;
const succeeded: GatewayResult = { kind: 'succeeded', gatewayId: 'ch_1' };
const declined: GatewayResult = { kind: 'refused', code: 'card_declined' };
const failed: GatewayResult = { kind: 'unknown', error: '500', timedOut: false };

/** A provider that returns these answers one after the other and then repeats the last answer. */
const provider = (...answers: readonly (GatewayResult | 'hang')[]) => {
  const keys: string[] = [];
  const answer = async (key: string, signal: AbortSignal): Promise<GatewayResult> => {
    keys.push(key);
    const next = answers[Math.min(keys.length, answers.length) - 1] ?? succeeded;
    if (next !== 'hang') return next;
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
    return { kind: 'unknown', error: 'no answer', timedOut: true };
  };
  const client: GatewayClient = {
    charge: ({ idempotencyKey }, signal) => answer(idempotencyKey, signal),
    refund: ({ idempotencyKey }, signal) => answer(idempotencyKey, signal),
    lookUp: ({ idempotencyKey }, signal) => answer(idempotencyKey, signal),
  };
  return { client, keys };
};

/** A gateway whose circuit is open. `answers` are the provider's answers to later calls. */
const openCircuit = async (...answers: readonly (GatewayResult | 'hang')[]) => {
  const { client, keys } = provider(...Array.from({ length: 5 }, () => failed), ...answers);
  const gateway = createGateway(client, resilience, logger);
  for (let call = 0; call < 5; call += 1) await gateway.charge(request, always);
  return { gateway, keys };
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the circuit', () => {
  it('opens after five consecutive calls with unknown outcome, and then makes no call', async () => {
    const { gateway, keys } = await openCircuit();
    expect(gateway.circuit()).toMatchObject({ state: 'open', calls: 5, unknown: 5, rejected: 0 });
    expect(gateway.circuit().openedAt).toEqual(new Date());
    expect(gateway.admits()).toBe('none');
    expect(await gateway.charge(request, always)).toEqual({ kind: 'circuit_open' });
    expect(keys).toHaveLength(5);
    expect(gateway.circuit().rejected).toBe(1);
  });

  it('counts a call that timed out', async () => {
    const { client } = provider('hang');
    const gateway = createGateway(client, resilience, logger);
    const calls = Array.from({ length: 5 }, () => gateway.charge(request, always));
    await vi.advanceTimersByTimeAsync(resilience.timeoutMs);
    expect((await Promise.all(calls)).map(({ kind }) => kind)).toEqual(Array(5).fill('unknown'));
    expect(gateway.circuit().state).toBe('open');
  });

  it('resets its count after a decline, which is a definite answer', async () => {
    const { client } = provider(failed, failed, failed, failed, declined, failed);
    const gateway = createGateway(client, resilience, logger);
    for (let call = 0; call < 9; call += 1) await gateway.charge(request, always);
    expect(gateway.circuit()).toMatchObject({ state: 'closed', openedAt: null, declines: 1, unknown: 8 });
    await gateway.charge(request, always);
    expect(gateway.circuit().state).toBe('open');
  });

  it('admits one probe after the pause, and no other call', async () => {
    const { gateway, keys } = await openCircuit('hang');
    await vi.advanceTimersByTimeAsync(resilience.halfOpenAfterMs - 1);
    expect(gateway.admits()).toBe('none');
    await vi.advanceTimersByTimeAsync(1);
    expect(gateway.admits()).toBe('one');
    const probe = gateway.charge(request, always);
    await vi.advanceTimersByTimeAsync(0);
    expect(gateway.circuit().state).toBe('half_open');
    expect(gateway.admits()).toBe('none');
    expect((await gateway.charge(request, always)).kind).toBe('circuit_open');
    expect(keys).toHaveLength(6);
    await vi.advanceTimersByTimeAsync(resilience.timeoutMs);
    expect((await probe).kind).toBe('unknown');
    expect(gateway.circuit().state).toBe('open');
    await vi.advanceTimersByTimeAsync(resilience.halfOpenAfterMs - 1);
    expect(gateway.admits()).toBe('none');
  });

  it.each([
    ['back', -3_600_000],
    ['forward', 3_600_000],
  ])('keeps the pause when the wall clock is set %s by an hour', async (_way, stepMs) => {
    const { gateway, keys } = await openCircuit(succeeded);
    vi.setSystemTime(Date.now() + stepMs);
    await vi.advanceTimersByTimeAsync(resilience.halfOpenAfterMs - 1);
    expect(gateway.admits()).toBe('none');
    expect((await gateway.charge(request, always)).kind).toBe('circuit_open');
    await vi.advanceTimersByTimeAsync(1);
    expect(gateway.admits()).toBe('one');
    expect(await gateway.charge(request, always)).toEqual(succeeded);
    expect(keys).toHaveLength(6);
    expect(gateway.circuit().state).toBe('closed');
  });

  it.each([
    ['succeeds', succeeded],
    ['is declined', declined],
    ['finds nothing', { kind: 'absent' } as const],
  ])('closes when the probe %s', async (_how, answer) => {
    const { gateway } = await openCircuit(answer);
    await vi.advanceTimersByTimeAsync(resilience.halfOpenAfterMs);
    expect(await gateway.charge(request, always)).toEqual(answer);
    expect(gateway.admits()).toBe('all');
    expect(gateway.circuit()).toMatchObject({ state: 'closed', openedAt: null });
  });
});

const twoRetries = { ...resilience, retries: 2 };

describe('the retry', () => {
  it('repeats a call that failed fast, with the same key', async () => {
    const { client, keys } = provider(failed, failed, succeeded);
    const outcome = createGateway(client, twoRetries, logger).charge(request, always);
    await vi.advanceTimersByTimeAsync(2 * twoRetries.retryMaxMs);
    expect(await outcome).toEqual(succeeded);
    expect(new Set(keys)).toEqual(new Set(['charge-1']));
  });
  it('ends after its number of retries and leaves the outcome unknown', async () => {
    const { client, keys } = provider(failed);
    const outcome = createGateway(client, twoRetries, logger).charge(request, always);
    await vi.advanceTimersByTimeAsync(2 * twoRetries.retryMaxMs);
    expect(await outcome).toEqual(failed);
    expect(keys).toHaveLength(3);
  });
  it.each([
    ['a decline', declined],
    ['a success', succeeded],
    ['a charge in progress', { kind: 'in_progress' } as const],
  ])('never repeats %s', async (_what, answer) => {
    const { client, keys } = provider(answer);
    expect(await createGateway(client, twoRetries, logger).charge(request, always)).toEqual(answer);
    expect(keys).toHaveLength(1);
  });
  it('does not repeat a call that timed out', async () => {
    const { client, keys } = provider('hang');
    const outcome = createGateway(client, twoRetries, logger).charge(request, always);
    await vi.advanceTimersByTimeAsync(twoRetries.timeoutMs);
    expect(await outcome).toMatchObject({ kind: 'unknown', timedOut: true });
    expect(keys).toHaveLength(1);
  });
  it('keeps the outcome of the first call when the circuit opens before the second', async () => {
    const { client } = provider(failed);
    const gateway = createGateway(client, { ...twoRetries, failures: 1 }, logger);
    const outcome = gateway.charge(request, always);
    await vi.advanceTimersByTimeAsync(2 * twoRetries.retryMaxMs);
    expect(await outcome).toEqual(failed);
    expect(gateway.circuit()).toMatchObject({ state: 'open', rejected: 1 });
  });
});

describe('the lease', () => {
  it('is checked before each call, and no call is made without it', async () => {
    const { client, keys } = provider(failed);
    const leases = [true, false];
    const outcome = createGateway(client, twoRetries, logger).charge(
      request,
      async () => leases.shift() ?? false,
    );
    await vi.advanceTimersByTimeAsync(2 * twoRetries.retryMaxMs);
    expect(await outcome).toMatchObject({ kind: 'unknown', error: 'the lease has ended' });
    expect(keys).toHaveLength(1);
    expect(leases).toEqual([]);
  });

  it('does not open the circuit when it has ended, however often', async () => {
    const gateway = createGateway(provider(failed).client, { ...twoRetries, failures: 2 }, logger);
    for (let requests = 0; requests < 3; requests += 1)
      expect(await gateway.charge(request, () => Promise.resolve(false))).toMatchObject({ kind: 'unknown' });
    expect(gateway.circuit()).toMatchObject({ state: 'closed', calls: 0 });
  });
});
