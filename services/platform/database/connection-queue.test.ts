import { describe, expect, it, vi } from 'vitest';
import { createConnectionQueue } from './connection-queue.ts';
import { isTransient } from './transient.ts';

/** Work that takes until it is told to end. */
const held = () => {
  const end = Promise.withResolvers<void>();
  const work = vi.fn(() => end.promise);
  return { work, end: end.resolve };
};

describe('the queue for a connection', () => {
  it('lets in as many as there are connections, the others in the order of arrival', async () => {
    const queue = createConnectionQueue({ connections: 1, waitMs: 10_000 });
    const first = held();
    const order: number[] = [];
    const running = [queue.run(first.work)];
    for (const number of [1, 2, 3])
      running.push(
        queue.run(() => {
          order.push(number);
          return Promise.resolve();
        }),
      );
    expect(queue.waiting()).toBe(3);
    expect(order).toEqual([]);
    first.end();
    await Promise.all(running);
    expect(order).toEqual([1, 2, 3]);
    expect(queue.waiting()).toBe(0);
  });

  it('turns away who waits too long, as something that passes, and does not do their work later', async () => {
    const queue = createConnectionQueue({ connections: 1, waitMs: 5 });
    const [first, late, next] = [held(), held(), held()];
    const running = queue.run(first.work);
    const refused: unknown = await queue.run(late.work).catch((error: unknown) => error);
    expect(isTransient(refused)).toBe(true);
    first.end();
    await running;
    next.end();
    await queue.run(next.work);
    expect(late.work).not.toHaveBeenCalled();
  });

  it('gets a connection back from work that fails', async () => {
    const queue = createConnectionQueue({ connections: 1, waitMs: 5 });
    for (let round = 0; round < 3; round += 1)
      await expect(queue.run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    await expect(queue.run(() => Promise.resolve('done'))).resolves.toBe('done');
  });

  it('is saturated once the first has waited half of the time, and no longer when it has got in', async () => {
    let now = 0;
    const queue = createConnectionQueue({ connections: 1, waitMs: 10_000 }, () => now);
    const [first, second] = [held(), held()];
    const running = [queue.run(first.work), queue.run(second.work)];
    now = 4_999;
    expect(queue.saturated()).toBeUndefined();
    now = 5_000;
    expect(queue.saturated()).toBe('1 wait for a connection to the database, the first for 5000 ms');
    first.end();
    await running[0];
    expect(queue.saturated()).toBeUndefined();
    second.end();
    await running[1];
  });
});
