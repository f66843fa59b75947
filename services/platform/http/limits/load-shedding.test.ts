import { describe, expect, it } from 'vitest';
import { createAdmission } from './load-shedding.ts';

const quiet = { delayMs: () => 0, stop: () => undefined };
const overloaded = expect.objectContaining({
  status: 503,
  code: 'overloaded',
  headers: { 'Retry-After': '1' },
});
const refusal = (attempt: () => unknown): unknown => {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('admission', () => {
  it('refuses the request beyond the limit, and admits another request once one has ended', () => {
    const admission = createAdmission({ inFlight: 2, eventLoopDelayMs: 100 }, quiet);
    const release = admission.admit();
    admission.admit();
    expect(refusal(admission.admit)).toEqual(overloaded);
    release();
    expect(refusal(admission.admit)).toBeUndefined();
    expect(admission.refused()).toBe(1);
  });

  it('releases a request only once', () => {
    const admission = createAdmission({ inFlight: 2, eventLoopDelayMs: 100 }, quiet);
    const release = admission.admit();
    release();
    release();
    expect(admission.inFlight()).toBe(0);
  });

  it('refuses requests while the event loop is behind, and admits them afterwards', () => {
    let delayMs = 101;
    const admission = createAdmission(
      { inFlight: 2, eventLoopDelayMs: 100 },
      { delayMs: () => delayMs, stop: () => undefined },
    );
    expect(refusal(admission.admit)).toEqual(overloaded);
    delayMs = 100;
    expect(refusal(admission.admit)).toBeUndefined();
  });

  it('refuses while a shared resource is busy, and gives the reason', () => {
    let reason: string | undefined = 'nothing is free';
    const admission = createAdmission({ inFlight: 2, eventLoopDelayMs: 100, busy: () => reason }, quiet);
    expect(refusal(admission.admit)).toEqual(overloaded);
    expect(admission.saturated()).toBe('nothing is free');
    reason = undefined;
    expect(refusal(admission.admit)).toBeUndefined();
  });

  it('stays saturated for a second after the last refusal', () => {
    let now = 0;
    const admission = createAdmission({ inFlight: 1, eventLoopDelayMs: 100 }, quiet, () => now);
    const release = admission.admit();
    refusal(admission.admit);
    release();
    expect(admission.saturated()).toBe('1 requests under way');
    now = 1_000;
    expect(admission.saturated()).toBeUndefined();
  });

  it('detects a blocked event loop', async () => {
    const admission = createAdmission({ inFlight: 1_000, eventLoopDelayMs: 50 });
    try {
      await expect
        .poll(
          () => {
            const until = performance.now() + 150;
            while (performance.now() < until);
            return admission.saturated();
          },
          { timeout: 10_000, interval: 1 },
        )
        .toMatch(/^the event loop is \d+ ms behind$/);
    } finally {
      admission.stop();
    }
  });
});
