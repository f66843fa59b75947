// Notices new entries in the audit trails of orders, with one query per interval for all waiting requests of the process.
// Polling per request would multiply the queries; LISTEN/NOTIFY would need a dedicated session and lose notifications while that
// session is disconnected. No entry is missed, because every query compares with the last entry that each waiter has.
// The watch compares trails, not order versions: an ignored input adds an entry but no version, and streams send every entry.
import type { Logger } from '../../platform/process/logger.ts';
import type { TrailHead, Watched } from './trail.ts';

export interface OrderWatch {
  /**
   * Resolves to the newest entry of the trail as soon as its sequence number exceeds `after`; to undefined after `withinMs` or
   * when the signal is aborted.
   */
  readonly waitForNewHead: (
    watched: Watched,
    withinMs: number,
    signal: AbortSignal,
  ) => Promise<TrailHead | undefined>;
  /**
   * Makes the next query run soon. Called after a commit of a request or event in this process; other commits wait for the
   * interval.
   */
  readonly wake: () => void;
  /** Number of waiters. */
  readonly count: () => number;
}

interface OrderWatchOptions {
  /** The newest entry of each watched order that has new entries. */
  readonly readHeads: (watched: readonly Watched[]) => Promise<readonly TrailHead[]>;
  /** Pause between two queries, ms. */
  readonly intervalMs: number;
  readonly logger: Logger;
}

interface Waiter {
  readonly after: number;
  readonly settle: (head?: TrailHead) => void;
}

/** Pause between two queries while they fail, ms. */
const retryMs = 1_000;
/** Pause between a commit and the query, ms, so that commits in close succession share one query. */
const batchMs = 10;

/** A process has one watch. The limits on open streams and waits bound the number of watched orders. */
export function createOrderWatch({ readHeads, intervalMs, logger }: OrderWatchOptions): OrderWatch {
  const waiting = new Map<string, Set<Waiter>>();
  let next: NodeJS.Timeout | undefined;
  let querying = false;
  let failing = false;
  let woken = false;

  const schedule = (): void => {
    const ms = failing ? retryMs : woken ? batchMs : intervalMs;
    if (next === undefined && !querying && waiting.size > 0) next = setTimeout(() => void query(), ms);
  };

  const query = async (): Promise<void> => {
    next = undefined;
    querying = true;
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
      // Logged once per outage. The next query finds all entries that were committed meanwhile.
      if (!failing) logger.warn('orders cannot be watched; the query is repeated', { error, retryMs });
      failing = true;
    }
    querying = false;
    schedule();
  };

  const waitForNewHead: OrderWatch['waitForNewHead'] = ({ orderId, after }, withinMs, signal) =>
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
    waitForNewHead,
    wake: () => {
      if (woken || failing || waiting.size === 0) return;
      woken = true;
      if (querying) return;
      clearTimeout(next);
      next = undefined;
      schedule();
    },
    count: () => [...waiting.values()].reduce((sum, waiters) => sum + waiters.size, 0),
  };
}
