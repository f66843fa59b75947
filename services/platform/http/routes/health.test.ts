import { describe, expect, it } from 'vitest';
import { createHealth, type HealthCheck } from './health.ts';
import { createApp } from '../server/app.ts';
import { silentLogger } from '../../process/silent-logger.ts';

const logger = silentLogger('things');

const serve = (
  checks: Record<string, HealthCheck>,
  timeoutMs = 1_000,
  pipeline?: Record<string, HealthCheck>,
) => {
  const health = createHealth({ checks, timeoutMs, ...(pipeline === undefined ? {} : { pipeline }) });
  const app = createApp({ logger, title: 'Things' });
  health.register(app);
  const ready = async () => {
    const response = await app.request('/health/ready');
    return { status: response.status, body: await response.json() };
  };
  return { app, health, ready };
};

describe('a process', () => {
  it('is ready when every check passes', async () => {
    const { ready } = serve({ database: async () => {}, kafka: async () => 'three brokers' });
    expect(await ready()).toEqual({
      status: 200,
      body: {
        status: 'ok',
        checks: { database: { status: 'ok' }, kafka: { status: 'ok', detail: 'three brokers' } },
      },
    });
  });

  it('is unready with the reason when a check fails, and still reports the other checks', async () => {
    const { ready } = serve({
      database: () => Promise.reject(new Error('connect ECONNREFUSED\n  at secret place')),
      kafka: async () => {},
    });
    expect(await ready()).toEqual({
      status: 503,
      body: {
        status: 'unavailable',
        checks: {
          database: { status: 'unavailable', detail: 'connect ECONNREFUSED' },
          kafka: { status: 'ok' },
        },
      },
    });
  });

  it('stays ready while Kafka is unavailable, and reports Kafka as part of the pipeline', async () => {
    const { ready } = serve({ database: async () => {} }, 1_000, {
      kafka: () => Promise.reject(new Error('not a member of the consumer group')),
      registry: async () => {},
    });
    expect(await ready()).toEqual({
      status: 200,
      body: {
        status: 'ok',
        checks: { database: { status: 'ok' } },
        pipeline: {
          kafka: { status: 'unavailable', detail: 'not a member of the consumer group' },
          registry: { status: 'ok' },
        },
      },
    });
  });

  it('waits for a hanging pipeline half as long as for a hanging check', async () => {
    const { ready } = serve({ database: async () => {} }, 40, { registry: () => new Promise(() => {}) });
    expect(await ready()).toMatchObject({
      status: 200,
      body: { pipeline: { registry: { status: 'unavailable', detail: 'no answer within 20 ms' } } },
    });
  });

  it('is unready when a check throws instead of rejecting', async () => {
    const { ready } = serve({
      database: () => {
        throw new Error('at once');
      },
    });
    expect(await ready()).toMatchObject({
      status: 503,
      body: { checks: { database: { detail: 'at once' } } },
    });
  });

  it('answers within the time limit when a check hangs, and aborts the check', async () => {
    let signal: AbortSignal | undefined;
    const { ready } = serve(
      {
        database: (given) => {
          signal = given;
          return new Promise(() => {});
        },
      },
      20,
    );
    expect(await ready()).toMatchObject({
      status: 503,
      body: { checks: { database: { detail: 'no answer within 20 ms' } } },
    });
    expect(signal?.aborted).toBe(true);
  });

  it('shares one round of checks among concurrent probes', async () => {
    let runs = 0;
    const gate = Promise.withResolvers<undefined>();
    const { ready } = serve({
      database: () => {
        runs += 1;
        return gate.promise;
      },
    });
    const probes = [ready(), ready(), ready()];
    gate.resolve(undefined);
    expect((await Promise.all(probes)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(runs).toBe(1);
    await ready();
    expect(runs).toBe(2);
  });

  it('stays unready while draining; liveness stays ok', async () => {
    const { app, health, ready } = serve({ database: async () => {} });
    health.drain();
    expect(await ready()).toMatchObject({
      status: 503,
      body: {
        status: 'unavailable',
        checks: { database: { status: 'ok' }, draining: { status: 'unavailable' } },
      },
    });
    expect((await app.request('/health/live')).status).toBe(200);
  });
});
