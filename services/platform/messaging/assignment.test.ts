// The tests check which offsets of an assignment are committed.
import { describe, expect, it, vi } from 'vitest';
import { createAssignment } from './assignment.ts';
import type { Progress, StreamRecord, Waiting } from './event-stream.ts';

const recordAt = (offset: bigint, partition = 0): StreamRecord => ({
  topic: 'order-events',
  partition,
  offset,
  key: 'order-1',
  value: Buffer.alloc(0),
  headers: {},
  timestamp: new Date(0),
});
const heartbeat = (): Promise<void> => Promise.resolve();

/** An assignment. A record at an offset in `waits` is finished when its `finished` resolves, every other record immediately. */
const assigned = (waits: ReadonlyMap<bigint, Waiting> = new Map()) => {
  const sent: (readonly Progress[])[] = [];
  const send = vi.fn((positions: readonly Progress[]) => {
    sent.push(positions);
    return Promise.resolve();
  });
  const onCommitFailed = vi.fn();
  const onRecord = ({ offset }: StreamRecord): Promise<Waiting | undefined> =>
    Promise.resolve(waits.get(offset));
  return { assignment: createAssignment({ onRecord, send, onCommitFailed }), sent, send, onCommitFailed };
};
const progressTo = (next: bigint, partition = 0): Progress => ({ topic: 'order-events', partition, next });

describe('the end of an assignment', () => {
  it('hands over no further record of a key: the next owner reads it again', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const begun: bigint[] = [];
    const sent: (readonly Progress[])[] = [];
    const assignment = createAssignment({
      onRecord: ({ offset }) => {
        begun.push(offset);
        return promise;
      },
      send: (positions) => {
        sent.push(positions);
        return Promise.resolve();
      },
      onCommitFailed: vi.fn(),
    });
    const taken = assignment.take([recordAt(4n), recordAt(5n)], heartbeat);
    const closed = assignment.close();
    resolve(undefined);
    await Promise.all([taken, closed]);
    expect(begun).toEqual([4n]);
    expect(sent).toEqual([[progressTo(5n)]]);
  });
});

describe('a commit', () => {
  it('covers all partitions in one request, and only positions that have changed', async () => {
    const { assignment, sent } = assigned();
    await assignment.take([recordAt(4n)], heartbeat);
    await assignment.take([recordAt(9n, 1)], heartbeat);
    await assignment.commit();
    await assignment.take([recordAt(5n)], heartbeat);
    await assignment.commit();
    await assignment.commit();
    expect(sent).toEqual([[progressTo(5n), progressTo(10n, 1)], [progressTo(6n)]]);
  });

  it('stops before a record that waits, and is sent again as soon as that record is finished', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const { assignment, sent } = assigned(new Map([[4n, { finished: promise.then(() => undefined) }]]));
    await assignment.take([recordAt(4n)], heartbeat);
    await assignment.take([recordAt(5n)], heartbeat);
    await assignment.commit();
    expect(sent).toEqual([[progressTo(4n)]]);
    resolve(undefined);
    await vi.waitFor(() => {
      expect(sent).toEqual([[progressTo(4n)], [progressTo(6n)]]);
    });
  });

  it('is one request for several batches within a short time', async () => {
    const { assignment, sent } = assigned();
    for (const offset of [4n, 5n, 6n]) {
      await assignment.take([recordAt(offset)], heartbeat);
      assignment.commitSoon();
    }
    expect(sent).toEqual([]);
    await vi.waitFor(() => {
      expect(sent).toEqual([[progressTo(7n)]]);
    });
  });

  it('is shared by all callers that wait behind another commit, so that a lost coordinator delays them only once', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const { assignment, send } = assigned();
    send.mockReturnValueOnce(promise.then(() => undefined));
    await assignment.take([recordAt(4n)], heartbeat);
    const underWay = assignment.commit();
    await vi.waitFor(() => {
      expect(send).toHaveBeenCalledTimes(1);
    });
    await assignment.take([recordAt(5n)], heartbeat);
    const waiting = [assignment.commit(), assignment.commit(), assignment.commit()];
    expect(new Set(waiting).size).toBe(1);
    resolve(undefined);
    await Promise.all([underWay, ...waiting]);
    expect(send).toHaveBeenCalledTimes(2);
    expect(send).toHaveBeenLastCalledWith([progressTo(6n)]);
  });

  it('is sent again after a failure, even if no further record arrives', async () => {
    const { assignment, sent, send, onCommitFailed } = assigned();
    send.mockRejectedValueOnce(new Error('the coordinator has moved'));
    await assignment.take([recordAt(4n)], heartbeat);
    await assignment.commit();
    expect([sent, onCommitFailed.mock.calls.length]).toEqual([[], 1]);
    await vi.waitFor(
      () => {
        expect(sent).toEqual([[progressTo(5n)]]);
      },
      { timeout: 10_000 },
    );
  });

  it('is never sent once the partitions are assigned to another member: it would change the position of that member', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const { assignment, sent } = assigned(new Map([[4n, { finished: promise.then(() => undefined) }]]));
    await assignment.take([recordAt(4n)], heartbeat);
    assignment.lose();
    resolve(undefined);
    await assignment.commit();
    await assignment.close();
    expect([sent, assignment.isOver()]).toEqual([[], true]);
  });
});

describe('records that are handed over together', () => {
  /** An assignment whose records the test finishes, and the offsets that have been handed over. */
  const byHand = () => {
    const inHand = new Map<bigint, () => void>();
    const onRecord = ({ offset }: StreamRecord): Promise<undefined> =>
      new Promise((resolve) => {
        inHand.set(offset, () => {
          resolve(undefined);
        });
      });
    const sent: (readonly Progress[])[] = [];
    const send = (positions: readonly Progress[]): Promise<void> => {
      sent.push(positions);
      return Promise.resolve();
    };
    return { assignment: createAssignment({ onRecord, send, onCommitFailed: vi.fn() }), inHand, sent };
  };
  const ofKey = (key: string, offset: bigint): StreamRecord => ({ ...recordAt(offset), key });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('are handled in parallel, but records of one key one after the other', async () => {
    const { assignment, inHand } = byHand();
    void assignment.take([ofKey('a', 4n), ofKey('a', 5n), ofKey('b', 6n)], heartbeat);
    expect([...inHand.keys()]).toEqual([4n, 6n]);
    inHand.get(4n)?.();
    await settled();
    expect([...inHand.keys()]).toEqual([4n, 6n, 5n]);
  });

  it('are committed only up to the first unfinished record', async () => {
    const { assignment, inHand, sent } = byHand();
    const taken = assignment.take([ofKey('a', 4n), ofKey('b', 5n), ofKey('b', 6n)], heartbeat);
    inHand.get(5n)?.();
    await settled();
    await assignment.commit();
    inHand.get(4n)?.();
    await settled();
    await assignment.commit();
    inHand.get(6n)?.();
    await taken;
    await assignment.commit();
    expect(sent).toEqual([[progressTo(4n)], [progressTo(6n)], [progressTo(7n)]]);
  });
});

it('closing an assignment waits for records under way and commits them', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const { assignment, sent } = assigned(new Map([[4n, { finished: promise.then(() => undefined) }]]));
  await assignment.take([recordAt(4n)], heartbeat);
  const closed = assignment.close();
  expect(sent).toEqual([]);
  resolve(undefined);
  await closed;
  expect(sent).toEqual([[progressTo(5n)]]);
});
