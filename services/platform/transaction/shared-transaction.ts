// Events that wait at the same time share one transaction: one BEGIN, one COMMIT and one flush of the WAL for all of them. Their
// statements are sent together, unless the events may change the same rows. Each event has its own inbox row. No two of the
// events have the same key, because a lock does not protect a row from its own transaction. When one event fails, nothing is committed, and each event is handled again in a
// separate transaction, where only the event at fault fails.
import { send, type Database, type Statement, type Transaction } from '../database/database.ts';

/** The method of a CommandHandler that a shared transaction calls. */
interface Locking {
  lockAll?(tx: Transaction, inputs: readonly unknown[]): readonly Statement[];
}

/** The handling of one input. `run` may be called twice: the second call must not use values that the first call left in memory. */
export interface Work<T> {
  /** Id of the entity whose row the input locks. */
  readonly key: string;
  readonly handler: Locking;
  readonly input: unknown;
  run(tx: Transaction): Promise<T>;
}

export interface SharedTransactions {
  /**
   * Resolves once the work is committed. Never rejects because of other work: it rejects with the error of this work or of its
   * separate transaction. Then none of its writes are committed, except possibly when the connection is lost during COMMIT.
   */
  run<T>(work: Work<T>): Promise<T>;
}

/** Work that waits for a transaction. */
interface Queued {
  readonly work: Work<unknown>;
  /** Settles the promise of the caller with the result of `run`. */
  readonly settle: (result: Promise<unknown>) => void;
}

/** Inputs per transaction. The limit bounds how long their rows stay locked. */
const maxInputs = 32;

/** All transactions take their locks in this sequence, so that no two transactions wait for each other. */
const byKey = (a: Queued, b: Queued): number => (a.work.key < b.work.key ? -1 : 1);

/** The first input of each key, up to the limit. */
const firstOfEachKey = (queue: Iterable<Queued>): Queued[] => {
  const first = new Map<string, Queued>();
  for (const input of queue) {
    if (first.size === maxInputs) break;
    if (!first.has(input.work.key)) first.set(input.work.key, input);
  }
  return [...first.values()];
};

const runTogether = async (tx: Transaction, works: readonly Work<unknown>[]): Promise<unknown[]> => {
  const locks = [...Map.groupBy(works, ({ handler }) => handler)].flatMap(([handler, its]) => {
    const inputs = its.map(({ input }) => input);
    return handler.lockAll?.(tx, inputs) ?? [];
  });
  if (locks.length === 0) {
    // Wait for all runs before the transaction ends, so that no run overlaps with its second run.
    const runs = await Promise.allSettled(works.map((work) => work.run(tx)));
    return runs.map((run) => {
      if (run.status === 'rejected') throw run.reason;
      return run.value;
    });
  }
  // These inputs may change the same rows, so each input loads the rows after the previous input has changed them.
  const locked = send(locks);
  const results: unknown[] = [];
  for (const work of works) results.push(await work.run(tx));
  await locked;
  return results;
};

/** Runs one shared transaction at a time: inputs that arrive meanwhile share the next transaction. */
export function shareTransactions(db: Database): SharedTransactions {
  // A set keeps the sequence of arrival and allows removal from the middle.
  const queue = new Set<Queued>();
  let isRunning = false;

  const runAlone = async ({ work, settle }: Queued): Promise<void> => {
    const result = db.transaction((tx) => work.run(tx));
    settle(result);
    await Promise.allSettled([result]);
  };

  const runNext = async (): Promise<void> => {
    const next = firstOfEachKey(queue).sort(byKey);
    for (const input of next) queue.delete(input);
    const works = next.map(({ work }) => work);
    const [only, another] = next;
    if (only && !another) return runAlone(only);
    let results: unknown[];
    try {
      results = await db.transaction((tx) => runTogether(tx, works));
    } catch {
      // The input at fault fails again in its separate transaction, and its caller reports the error.
      await Promise.all(next.map(runAlone));
      return;
    }
    next.forEach(({ settle }, index) => {
      settle(Promise.resolve(results[index]));
    });
  };

  const runQueue = async (): Promise<void> => {
    isRunning = true;
    try {
      while (queue.size > 0) await runNext();
    } finally {
      isRunning = false;
    }
  };

  return {
    run: <T>(work: Work<T>) =>
      new Promise<T>((resolve) => {
        queue.add({ work, settle: resolve as (result: Promise<unknown>) => void });
        if (!isRunning) void runQueue();
      }),
  };
}
