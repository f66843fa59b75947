import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../platform/process/logger.ts';
import { createOrderWatch } from './order-watch.ts';
import type { TrailHead, Watched } from './trail.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const never = new AbortController().signal;
const hour = 3_600_000;

/** A watch over trails in memory; `looks` is what each query was asked. */
const watching = () => {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  const heads = new Map<string, TrailHead>();
  const looks: (readonly Watched[])[] = [];
  let trouble: Error | undefined;
  let gate: Promise<void> | undefined;
  const watch = createOrderWatch({
    readHeads: async (watched) => {
      looks.push(watched);
      await gate;
      if (trouble) throw trouble;
      return watched.flatMap(({ orderId, after }) => {
        const head = heads.get(orderId);
        return head && head.sequence > after ? [head] : [];
      });
    },
    intervalMs: 200,
    logger: createLogger({ service: 'orders', level: 'info', stream }),
  });
  return {
    watch,
    looks,
    lines,
    move: (orderId: string, sequence: number) => heads.set(orderId, { orderId, sequence, status: 'PENDING' }),
    fail: (error?: Error) => {
      trouble = error;
    },
    hold: (until?: Promise<void>) => {
      gate = until;
    },
  };
};

describe('the watch', () => {
  it('asks nothing while nobody watches, and nothing after the last has left', async () => {
    const { watch, looks } = watching();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(looks).toEqual([]);
    const leaving = new AbortController();
    const waited = watch.beyond({ orderId: 'a', after: 0 }, hour, leaving.signal);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(looks).toHaveLength(5);
    leaving.abort();
    expect(await waited).toBeUndefined();
    expect(watch.count()).toBe(0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(looks).toHaveLength(5);
  });

  it('asks once per interval for all, each order from the entry that the last of its watchers has seen', async () => {
    const { watch, looks, move } = watching();
    const waits = [
      watch.beyond({ orderId: 'a', after: 7 }, hour, never),
      watch.beyond({ orderId: 'a', after: 3 }, hour, never),
      watch.beyond({ orderId: 'b', after: 1 }, hour, never),
    ];
    await vi.advanceTimersByTimeAsync(200);
    expect(looks).toEqual([
      [
        { orderId: 'a', after: 3 },
        { orderId: 'b', after: 1 },
      ],
    ]);
    move('a', 9);
    move('b', 9);
    await vi.advanceTimersByTimeAsync(200);
    expect((await Promise.all(waits)).map((head) => head?.sequence)).toEqual([9, 9, 9]);
  });

  it('wakes those only whose trail is beyond what they have seen', async () => {
    const { watch, move } = watching();
    const leaving = new AbortController();
    const ahead = watch.beyond({ orderId: 'a', after: 5 }, hour, leaving.signal);
    const behind = watch.beyond({ orderId: 'a', after: 4 }, hour, never);
    move('a', 5);
    await vi.advanceTimersByTimeAsync(200);
    expect((await behind)?.sequence).toBe(5);
    expect(watch.count()).toBe(1);
    leaving.abort();
    expect(await ahead).toBeUndefined();
  });

  it('looks at once after a commit of its own process, once for many of them', async () => {
    const { watch, looks, move } = watching();
    const waited = watch.beyond({ orderId: 'a', after: 0 }, hour, never);
    move('a', 1);
    for (let commits = 0; commits < 5; commits += 1) {
      watch.wake();
      await vi.advanceTimersByTimeAsync(2);
    }
    expect(await waited).toMatchObject({ sequence: 1 });
    expect(looks).toHaveLength(1);
    watch.wake();
  });

  it('looks again when a commit comes while it looks', async () => {
    const { watch, looks, move, hold } = watching();
    const gate = Promise.withResolvers<undefined>();
    hold(gate.promise.then(() => undefined));
    const waited = watch.beyond({ orderId: 'a', after: 0 }, hour, never);
    await vi.advanceTimersByTimeAsync(200);
    watch.wake();
    hold();
    gate.resolve(undefined);
    move('a', 1);
    await vi.advanceTimersByTimeAsync(10);
    expect(await waited).toMatchObject({ sequence: 1 });
    expect(looks.length).toBeLessThanOrEqual(2);
  });

  it('lets go of who has waited long enough, or has left before the wait', async () => {
    const { watch } = watching();
    const patient = watch.beyond({ orderId: 'a', after: 0 }, 1_000, never);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await patient).toBeUndefined();
    expect(await watch.beyond({ orderId: 'a', after: 0 }, hour, AbortSignal.abort())).toBeUndefined();
    expect(watch.count()).toBe(0);
  });

  it('never looks twice at a time, however long a look takes', async () => {
    const { watch, looks, hold, move } = watching();
    const slow = Promise.withResolvers<void>();
    hold(slow.promise);
    const waited = watch.beyond({ orderId: 'a', after: 0 }, hour, never);
    await vi.advanceTimersByTimeAsync(5_000);
    // Who comes while a look is under way is part of the next one.
    const late = watch.beyond({ orderId: 'b', after: 0 }, hour, never);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(looks).toHaveLength(1);
    move('a', 1);
    move('b', 1);
    slow.resolve();
    await vi.advanceTimersByTimeAsync(200);
    expect([(await waited)?.sequence, (await late)?.sequence]).toEqual([1, 1]);
    expect(looks).toHaveLength(2);
  });

  it('goes on through failures, says so once, and misses nothing', async () => {
    const { watch, looks, lines, fail, move } = watching();
    fail(new Error('the database is away'));
    const waited = watch.beyond({ orderId: 'a', after: 0 }, hour, never);
    move('a', 1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(looks.length).toBeLessThan(15);
    expect(lines.filter((line) => line.includes('cannot be watched'))).toHaveLength(1);
    fail();
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await waited)?.sequence).toBe(1);
    expect(lines.filter((line) => line.includes('watched again'))).toHaveLength(1);
  });

  it('lets go of everybody while a look hangs, and leaves no timer', async () => {
    const { watch, hold } = watching();
    const hanging = Promise.withResolvers<void>();
    hold(hanging.promise);
    const leaving = new AbortController();
    const waited = watch.beyond({ orderId: 'a', after: 0 }, hour, leaving.signal);
    await vi.advanceTimersByTimeAsync(200);
    leaving.abort();
    expect(await waited).toBeUndefined();
    hanging.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(watch.count()).toBe(0);
  });
});
