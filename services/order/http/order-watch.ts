// How a process learns that an order has moved: one look for all who wait. While anybody watches, one query per interval
// compares the heads of the watched trails; while nobody does, there is no query and no timer. Polling per connection would
// multiply with the clients, and LISTEN/NOTIFY would cost a session of its own and lose what happens while that is gone.
//
// The head of the trail wakes, not the version of the order: every new version has its entry in the same transaction, and an
// ignored input has an entry without a new version. A stream that promises every entry would hold that one back until the
// next version, which an order at rest may never see.
//
// Nothing can be missed: who waits says up to which entry everything was seen, and each look compares anew.
import type { Logger } from '../../platform/process/logger.ts';
import type { TrailHead, Watched } from './trail.ts';

export interface OrderWatch {
  /**
   * Resolves with the head of the trail once it is beyond `after`, and with undefined when `withinMs` are over or the
   * signal is aborted.
   */
  readonly beyond: (
    watched: Watched,
    withinMs: number,
    signal: AbortSignal,
  ) => Promise<TrailHead | undefined>;
  /** Looks at once: this process has committed something. What another instance commits is seen at the next interval. */
  readonly wake: () => void;
  /** How many wait at present. */
  readonly count: () => number;
}

export interface OrderWatchOptions {
  /** Heads of those watched orders whose trail has grown. */
  readonly readHeads: (watched: readonly Watched[]) => Promise<readonly TrailHead[]>;
  /** From the end of one look to the next, ms. */
  readonly intervalMs: number;
  readonly logger: Logger;
}

interface Waiter {
  readonly after: number;
  readonly settle: (head?: TrailHead) => void;
}

/** Milliseconds between two looks while they fail. */
const retryMs = 1_000;
/** Milliseconds from a commit to the look: those that follow at once are one look. */
const togetherMs = 10;

/** One per process. As many orders are watched as requests are open, and their number is bounded. */
export function createOrderWatch({ readHeads, intervalMs, logger }: OrderWatchOptions): OrderWatch {
  const waiting = new Map<string, Set<Waiter>>();
  let next: NodeJS.Timeout | undefined;
  let looking = false;
  let failing = false;
  let woken = false;

  const schedule = (): void => {
    const ms = failing ? retryMs : woken ? togetherMs : intervalMs;
    if (next === undefined && !looking && waiting.size > 0) next = setTimeout(() => void look(), ms);
  };

  const look = async (): Promise<void> => {
    next = undefined;
    looking = true;
    woken = false;
    try {
      const watched = [...waiting].map(([orderId, waiters]) => ({
        orderId,
        after: Math.min(...[...waiters].map(({ after }) => after)),
      }));
      for (const head of await readHeads(watched)) {
        for (const waiter of [...(waiting.get(head.orderId) ?? [])]) {
          if (waiter.after < head.sequence) waiter.settle(head);
        }
      }
      if (failing) logger.info('orders are watched again');
      failing = false;
    } catch (error) {
      // Said once: the next look finds whatever happened meanwhile.
      if (!failing) logger.warn('orders cannot be watched and are looked at again', { error, retryMs });
      failing = true;
    }
    looking = false;
    schedule();
  };

  const beyond: OrderWatch['beyond'] = ({ orderId, after }, withinMs, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve(undefined);
        return;
      }
      const waiters = waiting.get(orderId) ?? new Set<Waiter>();
      const giveUp = (): void => waiter.settle();
      const waiter: Waiter = {
        after,
        settle: (head) => {
          clearTimeout(deadline);
          signal.removeEventListener('abort', giveUp);
          waiters.delete(waiter);
          if (waiters.size === 0 && waiting.get(orderId) === waiters) waiting.delete(orderId);
          if (waiting.size === 0) {
            clearTimeout(next);
            next = undefined;
          }
          resolve(head);
        },
      };
      const deadline = setTimeout(giveUp, withinMs);
      signal.addEventListener('abort', giveUp);
      waiters.add(waiter);
      waiting.set(orderId, waiters);
      schedule();
    });

  return {
    beyond,
    wake: () => {
      if (woken || failing || waiting.size === 0) return;
      woken = true;
      if (looking) return;
      clearTimeout(next);
      next = undefined;
      schedule();
    },
    count: () => [...waiting.values()].reduce((sum, waiters) => sum + waiters.size, 0),
  };
}
