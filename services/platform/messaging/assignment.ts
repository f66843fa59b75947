// An assignment: the partitions of one consumer group member until the next rebalance. It hands over their records, remembers which
// records are finished, and commits up to the first unfinished record. The next owner reads uncommitted records again; the inbox
// recognises those that were already handled.
import { createCommitPosition, type CommitPosition } from './commit-position.ts';
import type { Progress, RecordContext, StreamRecord, SubscribeOptions } from './event-stream.ts';
import { pause } from '../process/retry.ts';

export interface Assignment {
  /**
   * Hands over consecutive records of a partition: records of one key one after the other, different keys in parallel. Resolves
   * when the next records may follow. Rejects when `onRecord` rejects for a record; that record stays unfinished.
   */
  take(records: readonly StreamRecord[], heartbeat: RecordContext['heartbeat']): Promise<void>;
  /**
   * Commits the records that were finished since the last commit. Never rejects: a commit that fails is repeated while the
   * assignment lasts.
   */
  commit(): Promise<void>;
  /** Commits within 250 ms. A commit per small batch would cost the broker more than the batch itself. */
  commitSoon(): void;
  readonly isOver: () => boolean;
  /** The assignment has ended without `close`, and other members may have the partitions: nothing more may be committed. */
  lose(): void;
  /** Ends the assignment: waits for the records under way and commits the finished records. */
  close(): Promise<void>;
}

interface AssignmentOptions {
  readonly onRecord: SubscribeOptions['onRecord'];
  /** Sends positions to the broker. */
  readonly send: (positions: readonly Progress[]) => Promise<void>;
  readonly onCommitFailed: (error: unknown) => void;
}

/** Pause before a commit that failed is repeated. */
const commitAgainMs = 1_000;
const commitSoonMs = 250;

export function createAssignment({ onRecord, send, onCommitFailed }: AssignmentOptions): Assignment {
  const over = new AbortController();
  const partitions = new Map<
    string,
    { topic: string; partition: number; position: CommitPosition; committed?: bigint }
  >();
  const underWay = new Set<Promise<unknown>>();
  let isLost = false;
  let lastCommit = Promise.resolve();
  /** The commit that has not begun yet. */
  let nextCommit: Promise<void> | undefined;

  const tracked = <T>(work: Promise<T>): Promise<T> => {
    const settled = work
      .catch(() => undefined)
      .finally(() => {
        underWay.delete(settled);
      });
    underWay.add(settled);
    return work;
  };

  const positionOf = ({ topic, partition }: StreamRecord): CommitPosition => {
    const place = `${topic}-${partition}`;
    const known = partitions.get(place) ?? { topic, partition, position: createCommitPosition() };
    partitions.set(place, known);
    return known.position;
  };

  const handOver = async (record: StreamRecord, heartbeat: RecordContext['heartbeat']): Promise<void> => {
    const position = positionOf(record);
    const finish = (): void => {
      position.finish(record.offset);
    };
    const waiting = await tracked(onRecord(record, { heartbeat, signal: over.signal }));
    if (!waiting) {
      finish();
      return;
    }
    void tracked(waiting.finished).then(
      () => {
        finish();
        commitSoon();
      },
      // `finished` rejects only when the assignment has ended: the record is read again.
      () => undefined,
    );
  };

  const sendPositions = async (): Promise<void> => {
    const due = [...partitions.values()].flatMap((known) => {
      const next = known.position.next();
      return next === undefined || next === known.committed ? [] : [{ known, next }];
    });
    if (due.length === 0 || isLost) return;
    try {
      await send(due.map(({ known: { topic, partition }, next }) => ({ topic, partition, next })));
      for (const { known, next } of due) known.committed = next;
    } catch (error) {
      if (over.signal.aborted) return;
      onCommitFailed(error);
      void pause(commitAgainMs, over.signal).then(commit);
    }
  };
  // Commits are sent one after the other, so that an older position never overwrites a newer position. All callers that wait for
  // the next commit share it. If each caller sent its own commit, an unavailable coordinator would delay the handlers of all
  // partitions one after the other.
  const commit = (): Promise<void> => {
    nextCommit ??= lastCommit = lastCommit.then(() => {
      nextCommit = undefined;
      return sendPositions();
    });
    return nextCommit;
  };
  let isCommitDue = false;
  const commitSoon = (): void => {
    if (isCommitDue) return;
    isCommitDue = true;
    void pause(commitSoonMs, over.signal).then(() => {
      isCommitDue = false;
      return commit();
    });
  };

  return {
    take: async (records, heartbeat) => {
      // All records begin before the first is finished, so that the position does not pass a record that has not begun.
      for (const record of records) positionOf(record).begin(record.offset);
      const keys = [...Map.groupBy(records, ({ key }) => key).values()].map(async (ofKey) => {
        for (const record of ofKey) {
          // The next owner reads the rest again.
          if (over.signal.aborted) return;
          await handOver(record, heartbeat);
        }
      });
      const failed = (await Promise.allSettled(keys)).find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    },
    commit,
    commitSoon,
    isOver: () => over.signal.aborted,
    lose: () => {
      isLost = true;
      over.abort();
    },
    close: async () => {
      over.abort();
      await Promise.all(underWay);
      await commit();
      isLost = true;
    },
  };
}
