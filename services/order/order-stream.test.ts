import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OrderStatus } from './domain/order.ts';
import { followTrail, toEvent, type TrailSource } from './order-stream.ts';
import type { TrailEntry } from './trail.ts';

const entry = (sequence: number, status: OrderStatus = 'PENDING'): TrailEntry => ({
  sequence,
  type: 'inventory.reserved',
  outcome: 'accepted',
  status,
  version: sequence,
  occurredAt: new Date(sequence),
});

/** A trail of which more and more is written: `batches` are what is there at each look. */
const source = (batches: readonly (readonly TrailEntry[])[]) => {
  let written: readonly TrailEntry[] = batches[0] ?? [];
  const later = batches.slice(1);
  const asked: number[] = [];
  const trail: TrailSource = {
    readAfter: async (_orderId, after, limit) => {
      asked.push(limit);
      return written.filter(({ sequence }) => sequence > after).slice(0, limit);
    },
    watch: {
      beyond: async ({ orderId }) => {
        const more = later.shift();
        if (!more || more.length === 0) return undefined;
        written = [...written, ...more];
        return { orderId, sequence: more.at(-1)?.sequence ?? 0, status: 'PENDING' };
      },
      count: () => 0,
    },
  };
  return { trail, asked };
};

const follow = async (trail: TrailSource, after: number): Promise<(number | 'quiet')[]> => {
  const told: (number | 'quiet')[] = [];
  const signal = new AbortController().signal;
  for await (const next of followTrail(trail, { orderId: 'a', after }, 1_000, signal)) {
    told.push(next === 'quiet' ? next : next.sequence);
  }
  return told;
};

describe('following a trail', () => {
  it('tells what is there, then what comes, and ends with a final state', async () => {
    const { trail } = source([
      [entry(3), entry(5)],
      [],
      [entry(8, 'PAID')],
      [entry(9, 'FULFILLED')],
      [entry(12)],
    ]);
    expect(await follow(trail, 0)).toEqual([3, 5, 'quiet', 8, 9]);
  });

  it('sends everything that follows a final state already', async () => {
    const { trail } = source([[entry(3), entry(5, 'CANCELLED'), entry(6, 'CANCELLED')]]);
    expect(await follow(trail, 0)).toEqual([3, 5, 6]);
  });

  it('of any length, from any entry, tells each of the rest once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 160 }), fc.nat(160), async (length, seen) => {
        const all = Array.from({ length }, (_, index) =>
          entry(index + 1, index + 1 === length ? 'CANCELLED' : 'PENDING'),
        );
        const after = Math.min(seen, length - 1);
        const { trail, asked } = source([all]);
        expect(await follow(trail, after)).toEqual(all.map(({ sequence }) => sequence).slice(after));
        expect(Math.max(...asked)).toBeLessThanOrEqual(50);
      }),
    );
  });

  it('reads no further than its reader has taken', async () => {
    const all = Array.from({ length: 500 }, (_, index) => entry(index + 1));
    const { trail, asked } = source([all]);
    const signal = new AbortController().signal;
    const reading = followTrail(trail, { orderId: 'a', after: 0 }, 1_000, signal);
    for (let index = 0; index < 60; index += 1) await reading.next();
    expect(asked).toHaveLength(2);
    await reading.return();
  });

  it('ends with the signal, also while it waits', async () => {
    const leaving = new AbortController();
    const { trail } = source([[entry(1)]]);
    const reading = followTrail(
      {
        ...trail,
        watch: {
          beyond: async () => {
            leaving.abort();
            return undefined;
          },
          count: () => 0,
        },
      },
      { orderId: 'a', after: 1 },
      1_000,
      leaving.signal,
    );
    expect(await reading.next()).toEqual({ done: true, value: undefined });
  });

  it('breaks off at what is not transient', async () => {
    const { trail } = source([]);
    const readAfter = () => Promise.reject(new Error('no such column'));
    await expect(follow({ ...trail, readAfter }, 0)).rejects.toThrow('no such column');
  });
});

describe('an event', () => {
  it('has what everybody may see who may see the order', () => {
    expect(toEvent(entry(7, 'PAID'))).toEqual({
      id: '7',
      event: 'inventory.reserved',
      data: '{"type":"inventory.reserved","outcome":"accepted","status":"PAID","version":7,"occurredAt":"1970-01-01T00:00:00.007Z"}',
    });
  });
});
