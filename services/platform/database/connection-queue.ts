// The queue for the connections of a pool. The driver's own has neither end nor order: it waits for ever, and sends a query
// down a connection that is still busy with another one, where no time limit of the server counts. Behind a locked table the
// work of clients who have long gone would pile up there and be carried out later. Here whoever waits too long is turned
// away before anything was begun, so it may simply be sent again.
import { DependencyUnavailable } from './transient.ts';

export interface ConnectionQueue {
  /** Does the work when a connection is free, in the order of arrival; throws DependencyUnavailable when none is in time. */
  readonly run: <T>(work: () => PromiseLike<T>) => Promise<T>;
  /** Why who comes now would probably wait in vain, undefined when they would not. */
  readonly saturated: () => string | undefined;
  readonly waiting: () => number;
}

export interface ConnectionQueueOptions {
  readonly connections: number;
  /** Milliseconds that anybody waits at most. */
  readonly waitMs: number;
}

interface Waiter {
  readonly since: number;
  readonly enter: () => void;
}

/** @param now Milliseconds of a clock that never goes back. */
export function createConnectionQueue(
  { connections, waitMs }: ConnectionQueueOptions,
  now: () => number = () => performance.now(),
): ConnectionQueue {
  let free = connections;
  // A set keeps the order of arrival, and who gives up is taken out of the middle.
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
    // The connection is handed on, never put back: who comes at this moment must not overtake.
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
      // Half the time is gone and the queue has not moved: the last in it would not get through.
      return waited * 2 < waitMs
        ? undefined
        : `${waiting.size} wait for a connection to the database, the first for ${Math.round(waited)} ms`;
    },
    waiting: () => waiting.size,
  };
}
