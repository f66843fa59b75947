import fc from 'fast-check';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { createApp } from '../../platform/http/server/app.ts';
import { serveApp } from '../../platform/http/server/serve.ts';
import { createLogger } from '../../platform/process/logger.ts';
import { createOpenRequests } from '../../platform/http/limits/open-requests.ts';
import type { OrderStatus } from '../domain/order.ts';
import { followTrail, streamTrail, toEvent, type TrailSource } from './order-stream.ts';
import type { TrailEntry } from './trail.ts';

const entry = (sequence: number, status: OrderStatus = 'PENDING'): TrailEntry => ({
  sequence,
  type: 'inventory.reserved',
  outcome: 'accepted',
  status,
  version: sequence,
  occurredAt: new Date(sequence),
});

/** A trail that begins with the first batch; each wait adds the next batch. With an empty batch, the wait ends without an entry. */
const source = (batches: readonly (readonly TrailEntry[])[]) => {
  let written: readonly TrailEntry[] = batches[0] ?? [];
  const later = batches.slice(1);
  const limits: number[] = [];
  const trail: TrailSource = {
    readAfter: async (_orderId, after, limit) => {
      limits.push(limit);
      return written.filter(({ sequence }) => sequence > after).slice(0, limit);
    },
    watch: {
      waitForNewHead: async ({ orderId }) => {
        const more = later.shift();
        if (!more || more.length === 0) return undefined;
        written = [...written, ...more];
        return { orderId, sequence: more.at(-1)?.sequence ?? 0, status: 'PENDING' };
      },
    },
  };
  return { trail, limits };
};

const follow = async (trail: TrailSource, after: number): Promise<(number | 'quiet')[]> => {
  const received: (number | 'quiet')[] = [];
  const signal = new AbortController().signal;
  for await (const next of followTrail(trail, { orderId: 'a', after }, 1_000, signal)) {
    received.push(next === 'quiet' ? next : next.sequence);
  }
  return received;
};

describe('following a trail', () => {
  it('yields the existing entries, then new ones, and ends with a final status', async () => {
    const { trail } = source([
      [entry(3), entry(5)],
      [],
      [entry(8, 'PAID')],
      [entry(9, 'FULFILLED')],
      [entry(12)],
    ]);
    expect(await follow(trail, 0)).toEqual([3, 5, 'quiet', 8, 9]);
  });

  it('yields the existing entries after a final status, too', async () => {
    const { trail } = source([[entry(3), entry(5, 'CANCELLED'), entry(6, 'CANCELLED')]]);
    expect(await follow(trail, 0)).toEqual([3, 5, 6]);
  });

  it('yields each remaining entry once and in sequence, for any length and any first entry', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 160 }), fc.nat(160), async (length, seen) => {
        const all = Array.from({ length }, (_, index) =>
          entry(index + 1, index + 1 === length ? 'CANCELLED' : 'PENDING'),
        );
        const after = Math.min(seen, length - 1);
        const { trail, limits } = source([all]);
        expect(await follow(trail, after)).toEqual(all.map(({ sequence }) => sequence).slice(after));
        expect(Math.max(...limits)).toBeLessThanOrEqual(50);
      }),
    );
  });

  it('reads the next page only when its consumer needs it', async () => {
    const all = Array.from({ length: 500 }, (_, index) => entry(index + 1));
    const { trail, limits } = source([all]);
    const signal = new AbortController().signal;
    const reading = followTrail(trail, { orderId: 'a', after: 0 }, 1_000, signal);
    for (let index = 0; index < 60; index += 1) await reading.next();
    expect(limits).toHaveLength(2);
    await reading.return();
  });

  it('ends when the signal is aborted during a wait', async () => {
    const leaving = new AbortController();
    const { trail } = source([[entry(1)]]);
    const reading = followTrail(
      {
        ...trail,
        watch: {
          waitForNewHead: async () => {
            leaving.abort();
            return undefined;
          },
        },
      },
      { orderId: 'a', after: 1 },
      1_000,
      leaving.signal,
    );
    expect(await reading.next()).toEqual({ done: true, value: undefined });
  });

  it('throws an error that is not transient', async () => {
    const { trail } = source([]);
    const readAfter = () => Promise.reject(new Error('no such column'));
    await expect(follow({ ...trail, readAfter }, 0)).rejects.toThrow('no such column');
  });
});

describe('an event', () => {
  it('has the fields that every viewer of the order may see', () => {
    expect(toEvent(entry(7, 'PAID'))).toEqual({
      id: '7',
      event: 'inventory.reserved',
      data: '{"type":"inventory.reserved","outcome":"accepted","status":"PAID","version":7,"occurredAt":"1970-01-01T00:00:00.007Z"}',
    });
  });
});

describe('a client that does not read', () => {
  it(
    'stops the reads from the database while its socket accepts no more data',
    { timeout: 30_000 },
    async () => {
      const stop = new AbortController();
      const streams = createOpenRequests({ limit: 1, perSubject: 1, stopping: stop.signal });
      let read = 0;
      let answer: ServerResponse | undefined;
      const endless: TrailSource = {
        readAfter: async (_orderId, after, limit) => {
          read += limit;
          // Large, so that the buffers of the socket are soon full.
          const outcome = 'x'.repeat(100_000);
          return Array.from({ length: limit }, (_, index) => ({ ...entry(after + index + 1), outcome }));
        },
        watch: { waitForNewHead: () => Promise.reject(new Error('there is always more')) },
      };
      const logger = createLogger({ service: 'orders', level: 'error' });
      const app = createApp({ logger, title: 'Orders' });
      app.get('/events', (c) => {
        const opened = streams.open('a');
        if (opened === 'full' || opened === 'too_many') throw new Error(opened);
        answer = c.env.outgoing;
        const options = { ...endless, heartbeatMs: 1_000, lifetimeMs: 60_000 };
        return streamTrail(c, { orderId: 'a', after: 0 }, opened, options, stop.signal);
      });
      const server = await serveApp(app, { host: '127.0.0.1', port: 0, logger });
      const socket = connect(server.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.pause();
      socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
      await vi.waitUntil(() => answer?.writableNeedDrain === true, { timeout: 20_000 });
      // Rows in flight between database and socket settle within some turns of the event loop.
      const turns = async (count: number): Promise<void> => {
        for (let turn = 0; turn < count; turn += 1) await new Promise((next) => setImmediate(next));
      };
      await turns(100);
      const settled = read;
      await turns(1_000);
      expect(read).toBe(settled);
      expect(answer?.writableLength).toBeLessThan(1_000_000);

      socket.destroy();
      await vi.waitUntil(() => streams.count() === 0, { timeout: 20_000 });
      await server.close();
    },
  );
});
