// Events that wait at the same time share one transaction: one BEGIN, one COMMIT and one flush of the WAL for all of them, and their
// statements travel together. Each has its own claim. When any of them fails, nothing is committed, and each is handled again in a
// transaction of its own: only the event at fault fails then, as if it had been alone from the start.
import type { Database, Statement, Transaction } from '../database/database.ts';

/** The part of a CommandHandler that matters for inputs that share a transaction. */
interface Locking {
  lockAll?(tx: Transaction, inputs: readonly unknown[]): readonly Statement[];
}

/** What one input does in a transaction. It may run twice: nothing that the first run has kept in memory may count then. */
export interface Work<T> {
  /** Inputs take their locks in the order of these texts, so that two transactions never wait for each other. */
  readonly lockOrder: string;
  readonly handler: Locking;
  readonly input: unknown;
  run(tx: Transaction): Promise<T>;
}

export interface SharedTransactions {
  /** Resolves once the work is committed. Rejects with the error of the work alone; nothing of it is written then. */
  run<T>(work: Work<T>): Promise<T>;
}

/** An input that waits, with the promise of its caller. */
interface Waiting {
  readonly work: Work<unknown>;
  /** Settles the promise of the caller with the result of `run`. */
  readonly settle: (result: Promise<unknown>) => void;
}

/** Inputs of one transaction at most. It bounds how long their rows are locked. */
const inputsAtMost = 32;

const byLockOrder = (a: Waiting, b: Waiting): number => (a.work.lockOrder < b.work.lockOrder ? -1 : 1);

const runTogether = async (tx: Transaction, works: readonly Work<unknown>[]): Promise<unknown[]> => {
  const locks = [...Map.groupBy(works, ({ handler }) => handler)].flatMap(([handler, its]) => {
    const inputs = its.map(({ input }) => input);
    return handler.lockAll?.(tx, inputs) ?? [];
  });
  if (locks.length === 0) {
    // All of them have ended before the transaction does: none may go on beside its second run.
    const runs = await Promise.allSettled(works.map((work) => work.run(tx)));
    return runs.map((run) => {
      if (run.status === 'rejected') throw run.reason;
      return run.value;
    });
  }
  // They lock the same rows, so each loads them after the one before has changed them.
  const locked = Promise.all(locks.map((statement) => statement.execute()));
  locked.catch(() => undefined);
  const results: unknown[] = [];
  for (const work of works) results.push(await work.run(tx));
  await locked;
  return results;
};

/** One shared transaction at a time: what arrives meanwhile shares the next one. */
export function shareTransactions(db: Database): SharedTransactions {
  let waiting: Waiting[] = [];
  let isRunning = false;

  const runAlone = async ({ work, settle }: Waiting): Promise<void> => {
    const result = db.transaction((tx) => work.run(tx));
    settle(result);
    await Promise.allSettled([result]);
  };

  const runNext = async (): Promise<void> => {
    const next = waiting.slice(0, inputsAtMost).sort(byLockOrder);
    waiting = waiting.slice(inputsAtMost);
    const works = next.map(({ work }) => work);
    const [only, another] = next;
    if (only && !another) return runAlone(only);
    let results: unknown[];
    try {
      results = await db.transaction((tx) => runTogether(tx, works));
    } catch {
      // Whatever failed fails again for the input that it belongs to, and its caller reports it.
      await Promise.all(next.map(runAlone));
      return;
    }
    next.forEach(({ settle }, index) => {
      settle(Promise.resolve(results[index]));
    });
  };

  const runWaiting = async (): Promise<void> => {
    isRunning = true;
    while (waiting.length > 0) await runNext();
    isRunning = false;
  };

  return {
    run: <T>(work: Work<T>) =>
      new Promise<T>((resolve) => {
        waiting.push({ work, settle: resolve as (result: Promise<unknown>) => void });
        if (!isRunning) void runWaiting();
      }),
  };
}
