import { describe, expect, it, vi } from 'vitest';
import { createConnectionQueue } from './connection-queue.ts';
import { isTransient } from './transient.ts';

/** Work that runs until the test ends it. */
const pendingWork = () => {
  const end = Promise.withResolvers<void>();
  const work = vi.fn(() => end.promise);
  return { work, end: end.resolve };
};

describe('the queue for a connection', () => {
  it('runs as many tasks at a time as there are connections, and the other tasks in the sequence of their arrival', async () => {
    const queue = createConnectionQueue({ connections: 1, waitMs: 10_000 });
    const first = pendingWork();
    const started: number[] = [];
    const running = [queue.run(first.work)];
    for (const number of [1, 2, 3])
      running.push(
        queue.run(() => {
          started.push(number);
          return Promise.resolve();
        }),
      );
    expect(queue.waiting()).toBe(3);
    expect(started).toEqual([]);
    first.end();
    await Promise.all(running);
    expect(started).toEqual([1, 2, 3]);
    expect(queue.waiting()).toBe(0);
  });

  it('refuses work that has waited too long, with a transient error, and never runs that work', async () => {
    const queue = createConnectionQueue({ connections: 1, waitMs: 5 });
    const [first, late, next] = [pendingWork(), pendingWork(), pendingWork()];
    const running = queue.run(first.work);
    const refused: unknown = await queue.run(late.work).catch((error: unknown) => error);
    expect(isTransient(refused)).toBe(true);
    first.end();
    await running;
    next.end();
    await queue.run(next.work);
    expect(late.work).not.toHaveBeenCalled();
  });

  it('frees the connection of work that fails', async () => {
    const queue = createConnectionQueue({ connections: 1, waitMs: 5 });
    for (let round = 0; round < 3; round += 1)
      await expect(queue.run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    await expect(queue.run(() => Promise.resolve('done'))).resolves.toBe('done');
  });

  it('is saturated once its oldest work has waited for half of the limit, until that work runs', async () => {
    let now = 0;
    const queue = createConnectionQueue({ connections: 1, waitMs: 10_000 }, () => now);
    const [first, second] = [pendingWork(), pendingWork()];
    const running = [queue.run(first.work), queue.run(second.work)];
    now = 4_999;
    expect(queue.saturated()).toBeUndefined();
    now = 5_000;
    expect(queue.saturated()).toBe('1 waiting for a connection to the database, the longest for 5000 ms');
    first.end();
    await running[0];
    expect(queue.saturated()).toBeUndefined();
    second.end();
    await running[1];
  });
});
