// The queue for the connections of a pool: first in, first out, with a time limit. The driver's own queue has no time limit, and
// when all connections are busy, the driver sends a query behind a running one. The timeouts of the server start only when the
// server begins the query. So behind a locked table, queries would pile up and run even after their clients have gone. Here, work
// that waits too long is refused before it begins, so that it is safe to repeat.
import { DependencyUnavailable } from './transient.ts';

export interface ConnectionQueue {
  /** Runs the work once a connection is free. Throws DependencyUnavailable when no connection is free in time. */
  readonly run: <T>(work: () => PromiseLike<T>) => Promise<T>;
  /** Why new work would probably time out; undefined when it would be in time. */
  readonly saturated: () => string | undefined;
  readonly waiting: () => number;
}

interface ConnectionQueueOptions {
  readonly connections: number;
  /** The longest wait, in milliseconds. */
  readonly waitMs: number;
}

interface Waiter {
  readonly since: number;
  readonly enter: () => void;
}

/** @param now Milliseconds of a monotonic clock. */
export function createConnectionQueue(
  { connections, waitMs }: ConnectionQueueOptions,
  now: () => number = () => performance.now(),
): ConnectionQueue {
  let free = connections;
  // A set keeps the sequence of arrival and allows removal from the middle.
  const waiting = new Set<Waiter>();

  const enter = (): Promise<void> => {
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        since: now(),
        enter: () => {
          clearTimeout(deadline);
          waiting.delete(waiter);
          resolve();
        },
      };
      const deadline = setTimeout(() => {
        waiting.delete(waiter);
        reject(new DependencyUnavailable(`no connection to the database was free within ${waitMs} ms`));
      }, waitMs);
      waiting.add(waiter);
    });
  };

  const leave = (): void => {
    const [next] = waiting;
    // The connection goes directly to the next waiter, so that new work cannot overtake it.
    if (next) next.enter();
    else free += 1;
  };

  return {
    run: async (work) => {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
    saturated: () => {
      const [oldest] = waiting;
      if (!oldest) return undefined;
      const waited = now() - oldest.since;
      // When the oldest work has waited for half of the limit, new work would probably time out.
      return waited * 2 < waitMs
        ? undefined
        : `${waiting.size} waiting for a connection to the database, the longest for ${Math.round(waited)} ms`;
    },
    waiting: () => waiting.size,
  };
}
