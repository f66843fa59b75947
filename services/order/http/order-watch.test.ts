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

/** A watch over trails in memory; `queries` has the watched orders of each query. */
const createWatch = () => {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  const heads = new Map<string, TrailHead>();
  const queries: (readonly Watched[])[] = [];
  let failure: Error | undefined;
  let gate: Promise<void> | undefined;
  const watch = createOrderWatch({
    readHeads: async (watched) => {
      queries.push(watched);
      await gate;
      if (failure) throw failure;
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
    queries,
    lines,
    move: (orderId: string, sequence: number) => heads.set(orderId, { orderId, sequence, status: 'PENDING' }),
    fail: (error?: Error) => {
      failure = error;
    },
    hold: (until: Promise<void>) => {
      gate = until;
    },
  };
};

describe('the watch', () => {
  it('does not query without waiters', async () => {
    const { watch, queries } = createWatch();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(queries).toEqual([]);
    const leaving = new AbortController();
    const waited = watch.waitForNewHead({ orderId: 'a', after: 0 }, hour, leaving.signal);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(queries).toHaveLength(5);
    leaving.abort();
    expect(await waited).toBeUndefined();
    expect(watch.count()).toBe(0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(queries).toHaveLength(5);
  });

  it('sends one query per interval for all waiters, with the lowest sequence number that the waiters of an order have seen', async () => {
    const { watch, queries, move } = createWatch();
    const waits = [
      watch.waitForNewHead({ orderId: 'a', after: 7 }, hour, never),
      watch.waitForNewHead({ orderId: 'a', after: 3 }, hour, never),
      watch.waitForNewHead({ orderId: 'b', after: 1 }, hour, never),
    ];
    await vi.advanceTimersByTimeAsync(200);
    expect(queries).toEqual([
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

  it('settles only the waiters whose trail has a new entry', async () => {
    const { watch, move } = createWatch();
    const leaving = new AbortController();
    const ahead = watch.waitForNewHead({ orderId: 'a', after: 5 }, hour, leaving.signal);
    const behind = watch.waitForNewHead({ orderId: 'a', after: 4 }, hour, never);
    move('a', 5);
    await vi.advanceTimersByTimeAsync(200);
    expect((await behind)?.sequence).toBe(5);
    expect(watch.count()).toBe(1);
    leaving.abort();
    expect(await ahead).toBeUndefined();
  });

  it('queries soon after a commit of this process, once for several commits', async () => {
    const { watch, queries, move } = createWatch();
    const waited = watch.waitForNewHead({ orderId: 'a', after: 0 }, hour, never);
    move('a', 1);
    for (let commits = 0; commits < 5; commits += 1) {
      watch.wake();
      await vi.advanceTimersByTimeAsync(2);
    }
    expect(await waited).toMatchObject({ sequence: 1 });
    expect(queries).toHaveLength(1);
    // Without waiters, this starts no timer (see `afterEach`).
    watch.wake();
  });

  it('queries again after a commit during a query', async () => {
    const { watch, queries, move, hold } = createWatch();
    const gate = Promise.withResolvers<void>();
    hold(gate.promise);
    const waited = watch.waitForNewHead({ orderId: 'a', after: 0 }, hour, never);
    await vi.advanceTimersByTimeAsync(200);
    watch.wake();
    gate.resolve();
    await vi.advanceTimersByTimeAsync(0);
    // The first query has found no entry.
    move('a', 1);
    await vi.advanceTimersByTimeAsync(10);
    expect(await waited).toMatchObject({ sequence: 1 });
    expect(queries).toHaveLength(2);
  });

  it('settles a waiter whose time is over, and a waiter whose signal is already aborted', async () => {
    const { watch } = createWatch();
    const patient = watch.waitForNewHead({ orderId: 'a', after: 0 }, 1_000, never);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await patient).toBeUndefined();
    expect(await watch.waitForNewHead({ orderId: 'a', after: 0 }, hour, AbortSignal.abort())).toBeUndefined();
    expect(watch.count()).toBe(0);
  });

  it('never runs two queries at the same time, however long a query takes', async () => {
    const { watch, queries, hold, move } = createWatch();
    const slow = Promise.withResolvers<void>();
    hold(slow.promise);
    const waited = watch.waitForNewHead({ orderId: 'a', after: 0 }, hour, never);
    await vi.advanceTimersByTimeAsync(5_000);
    // A waiter that arrives during a query is part of the next query.
    const late = watch.waitForNewHead({ orderId: 'b', after: 0 }, hour, never);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(queries).toHaveLength(1);
    move('a', 1);
    move('b', 1);
    slow.resolve();
    await vi.advanceTimersByTimeAsync(200);
    expect([(await waited)?.sequence, (await late)?.sequence]).toEqual([1, 1]);
    expect(queries).toHaveLength(2);
  });

  it('continues after failures, logs them once, and misses no entry', async () => {
    const { watch, queries, lines, fail, move } = createWatch();
    fail(new Error('the database is away'));
    const waited = watch.waitForNewHead({ orderId: 'a', after: 0 }, hour, never);
    move('a', 1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(queries.length).toBeLessThan(15);
    expect(lines.filter((line) => line.includes('cannot be watched'))).toHaveLength(1);
    fail();
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await waited)?.sequence).toBe(1);
    expect(lines.filter((line) => line.includes('watched again'))).toHaveLength(1);
  });

  it('settles waiters while a query hangs, and leaves no timer', async () => {
    const { watch, hold } = createWatch();
    const hanging = Promise.withResolvers<void>();
    hold(hanging.promise);
    const leaving = new AbortController();
    const waited = watch.waitForNewHead({ orderId: 'a', after: 0 }, hour, leaving.signal);
    await vi.advanceTimersByTimeAsync(200);
    leaving.abort();
    expect(await waited).toBeUndefined();
    hanging.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(watch.count()).toBe(0);
  });
});
