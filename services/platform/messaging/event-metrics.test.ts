// The metrics of events, requests and cached reads.
import { describe, expect, it } from 'vitest';
import type { Outcome } from './dispatch.ts';
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

const metricsAfter = async (outcome: Outcome, delivery: 'live' | 'replay' = 'live'): Promise<string> => {
  const metrics = createMetrics();
  const events = createEventMetrics(metrics, { group, emitted: ['order.created'] });
  events.subscribed(['inventory.committed']);
  events.handled(record, { event, outcome }, delivery);
  return metrics.registry.metrics();
};
const labels = `{group="${group}",event_type="inventory.committed"`;

describe('the metrics of a handled event', () => {
  it('have the time until publication, and the time from publication to commit', async () => {
    const text = await metricsAfter({ kind: 'accepted' });
    expect(text).toContain(`orderflow_events_handled_total${labels},outcome="accepted",reason="none"} 1`);
    expect(text).toContain(`orderflow_event_publication_seconds_count${labels}} 1`);
    expect(Number(/publication_seconds_sum\{.*\} (.+)/.exec(text)?.[1])).toBeCloseTo(3, 1);
    expect(Number(/consumption_seconds_sum\{.*\} (.+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(2);
  });

  it('count a duplicate, but leave its age out of the latencies', async () => {
    const text = await metricsAfter({ kind: 'duplicate' });
    expect(text).toContain(`orderflow_inbox_duplicates_total${labels}} 1`);
    expect(text).toContain(`orderflow_event_consumption_seconds_count${labels}} 0`);
  });

  it('count the replay of a dead letter, but leave its age out of the latencies', async () => {
    const text = await metricsAfter({ kind: 'ignored', reason: 'late' }, 'replay');
    expect(text).toContain(`orderflow_events_handled_total${labels},outcome="ignored",reason="late"} 1`);
    expect(text).toContain(`orderflow_event_consumption_seconds_count${labels}} 0`);
  });
});

describe('requests with unusual methods', () => {
  it('share one series', async () => {
    const { registry, observeRequest } = createMetrics();
    for (const method of ['PROPFIND', 'MKCOL', 'LOCK']) {
      observeRequest(method, 'unmatched', 404, 0.001);
    }
    const text = await registry.metrics();
    expect(text).toContain('method="other"');
    expect(text).not.toMatch(/PROPFIND|MKCOL|LOCK/);
  });
});

describe('a cached read', () => {
  it('runs its query once for concurrent callers', async () => {
    let reads = 0;
    const read = cachedRead(() => Promise.resolve((reads += 1)), { timeoutMs: 1_000, maxAgeMs: 60_000 });
    expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1]);
  });

  it('is undefined after a timeout or an error', async () => {
    const limits = { timeoutMs: 1, maxAgeMs: 60_000 };
    expect(await cachedRead(() => new Promise<number>(() => undefined), limits)()).toBeUndefined();
    expect(await cachedRead(() => Promise.reject<number>(new Error('away')), limits)()).toBeUndefined();
  });
});
