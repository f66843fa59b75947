// What is counted of an event, and what is left out of the figures of its journey.
import { describe, expect, it } from 'vitest';
import type { Dispatch, Outcome } from './dispatch.ts';
import { createEventMetrics } from './event-metrics.ts';
import { createMetrics, cachedRead } from '../telemetry/metrics.ts';

const group = 'order-service-group';
const occurredAt = new Date(Date.now() - 5_000);
const record = {
  topic: 'inventory-events',
  partition: 0,
  offset: 1n,
  key: 'order-1',
  value: null,
  headers: {},
  timestamp: new Date(Date.now() - 2_000),
};
const event = {
  type: 'inventory.committed',
  data: { orderId: 'order-1', items: [] },
  metadata: { eventId: 'e', correlationId: 'c', causationId: 'c', occurredAt },
} as const;
const replay = () => Promise.resolve(true);

const observed = async (outcome: Outcome, on: Parameters<Dispatch>[1] = { consumer: group }) => {
  const metrics = createMetrics();
  const events = createEventMetrics(metrics, { group, emitted: ['order.created'] });
  await events.counted(() => Promise.resolve({ event, outcome }), ['inventory.committed'])(record, on);
  return metrics.registry.metrics();
};
const of = `{group="${group}",event_type="inventory.committed"`;

describe('the figures of an event', () => {
  it('tell how long it was on its way to the broker and from there to the commit', async () => {
    const text = await observed({ kind: 'accepted' });
    expect(text).toContain(`orderflow_events_handled_total${of},outcome="accepted",reason="none"} 1`);
    expect(text).toContain(`orderflow_event_publication_seconds_count${of}} 1`);
    expect(Number(/publication_seconds_sum\{.*\} (.+)/.exec(text)?.[1])).toBeCloseTo(3, 1);
    expect(Number(/consumption_seconds_sum\{.*\} (.+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(2);
  });

  it('know a duplicate, and do not take it for an event that was slow', async () => {
    const text = await observed({ kind: 'duplicate' });
    expect(text).toContain(`orderflow_inbox_duplicates_total${of}} 1`);
    expect(text).toContain(`orderflow_event_consumption_seconds_count${of}} 0`);
  });

  it('count a replay of a dead letter, and not the time that it lay there', async () => {
    const text = await observed({ kind: 'ignored', reason: 'late' }, { consumer: group, replay });
    expect(text).toContain(`orderflow_events_handled_total${of},outcome="ignored",reason="late"} 1`);
    expect(text).toContain(`orderflow_event_consumption_seconds_count${of}} 0`);
  });

  it('leave out an event that failed, for nothing of it was committed', async () => {
    const metrics = createMetrics();
    const events = createEventMetrics(metrics, { group, emitted: [] });
    const failing = events.counted(() => Promise.reject(new Error('rolled back')), ['inventory.committed']);
    await expect(failing(record, { consumer: group })).rejects.toThrow('rolled back');
    expect(await metrics.registry.metrics()).toContain(
      `orderflow_events_handled_total${of},outcome="accepted",reason="none"} 0`,
    );
  });
});

describe('a request with a method of its own', () => {
  it('gets no series of its own', async () => {
    const { registry, observeRequest } = createMetrics();
    for (const method of ['PROPFIND', 'MKCOL', 'LOCK']) {
      observeRequest(method, 'unmatched', 404, 0.001);
    }
    const text = await registry.metrics();
    expect(text).toContain('method="other"');
    expect(text).not.toMatch(/PROPFIND|MKCOL|LOCK/);
  });
});

describe('a figure that has to be asked for', () => {
  it('is asked for once, however many look', async () => {
    let asked = 0;
    const answer = cachedRead(() => Promise.resolve((asked += 1)), { timeoutMs: 1_000, maxAgeMs: 60_000 });
    expect(await Promise.all([answer(), answer(), answer()])).toEqual([1, 1, 1]);
  });

  it('is left out when the answer does not come, or is an error', async () => {
    const limits = { timeoutMs: 1, maxAgeMs: 60_000 };
    expect(await cachedRead(() => new Promise<number>(() => undefined), limits)()).toBeUndefined();
    expect(await cachedRead(() => Promise.reject<number>(new Error('away')), limits)()).toBeUndefined();
  });
});
