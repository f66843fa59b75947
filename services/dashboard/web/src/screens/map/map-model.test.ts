import { describe, expect, it } from 'vitest';
import type { Pipeline, PipelinesOverview, SystemHealth } from '../../api/types.ts';
import { headlineOf, mapOf, type Sources } from './map-model.ts';

const healthOf = (...broken: readonly string[]): SystemHealth => ({
  checkedAt: '2026-01-01T00:00:00Z',
  functions: [],
  parts: [
    ...['order', 'inventory', 'payment', 'gateway', 'connect', 'registry', 'kafka'],
    ...['order-db', 'inventory-db', 'payment-db'],
  ].map((name) => ({
    name,
    status: broken.includes(name) ? 'unavailable' : 'ok',
    latencyMs: 1,
    detail: broken.includes(name) ? 'ECONNREFUSED' : '',
  })),
});
const pipeline = (service: Pipeline['service'], problems: Pipeline['problems'] = []): Pipeline => ({
  service,
  connectorName: `${service}-outbox`,
  status: problems.some(({ level }) => level === 'broken') ? 'broken' : 'ok',
  checkedAt: '2026-01-01T00:00:00Z',
  problems,
  connector: { state: 'running' },
  slot: null,
  canary: { roundTripMs: 40, waitingMs: 0, sent: 9, lost: 0 },
  watchdog: { leads: true, restarts: 0, gaveUp: false },
  outbox: null,
  drift: null,
  samples: [],
});
const pipelines = (payment: Pipeline): PipelinesOverview => ({
  status: payment.status,
  pipelines: [pipeline('order'), pipeline('inventory'), payment],
  groups: [{ group: 'order-service-group', topics: [{ topic: 'payment-events', lag: 7, partitions: [] }] }],
});
const flow: Sources['flow'] = {
  services: (['order', 'inventory', 'payment'] as const).map((service) => ({
    service,
    emitted: 60,
    consumed: [{ topic: service === 'payment' ? 'order-events' : 'payment-events', deliveries: 30 }],
    parkedDeadLetters: service === 'payment' ? 2 : 0,
  })),
  orders: {
    windowMinutes: 15,
    placed: 0,
    placedLastMinute: 0,
    confirmed: 0,
    paid: 0,
    fulfilled: 0,
    cancelled: [],
    toPaidMs: null,
    paidInTime: 0,
    dueForPayment: 0,
    waiting: { orders: 0, oldestMs: 0 },
  },
};
const nodeOf = (sources: Sources, id: string) => mapOf(sources).nodes.find((node) => node.id === id);

describe('the system map', () => {
  const sources = { health: healthOf(), pipelines: pipelines(pipeline('payment')), flow };

  it('shows the event rates and the lag of the consumers', () => {
    expect(headlineOf(mapOf(sources))).toBe('All systems operational');
    expect(nodeOf(sources, 'payment-events')?.detail).toBe('60/min emitted');
    expect(nodeOf(sources, 'payment-consumers')?.detail).toBe('60/min handled · lag 7');
    expect(nodeOf(sources, 'dead-letters')).toMatchObject({ detail: '2 open', health: 'warning' });
  });

  it('mentions a degraded component in the headline', () => {
    const parts = healthOf().parts?.map((part) =>
      part.name === 'payment' ? { ...part, status: 'degraded' as const } : part,
    );
    const degraded = mapOf({ ...sources, health: { ...healthOf(), ...(parts && { parts }) } });
    expect(headlineOf(degraded)).toBe('All systems operational, with a warning');
  });

  it('names a broken component in the headline and marks its edges', () => {
    const failed = pipeline('payment', [
      { problem: 'task_failed', level: 'broken', sentence: '', remedy: '', since: '2026-01-01T00:00:00Z' },
    ]);
    const broken = mapOf({ ...sources, pipelines: pipelines(failed) });
    expect(headlineOf(broken)).toBe('payment-outbox is broken');
    expect(broken.nodes.find(({ id }) => id === 'payment-outbox')?.detail).toBe('task failed');
    expect(broken.edges.filter(({ health }) => health === 'broken').map(({ to }) => to)).toEqual([
      'payment-outbox',
      'payment-events',
    ]);
    expect(headlineOf(mapOf({ ...sources, health: healthOf('order', 'kafka') }))).toMatch(
      /components are broken$/,
    );
  });

  it('shows every component as unknown without data', () => {
    const empty = { health: undefined, pipelines: undefined, flow: undefined };
    expect(headlineOf(mapOf(empty))).toBe('Checking all components');
    expect(mapOf(empty).nodes.every(({ health }) => health === 'unknown')).toBe(true);
    expect(nodeOf(empty, 'payment-consumers')?.detail).toBe('consumers');
  });
});
