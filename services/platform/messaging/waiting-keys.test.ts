import { describe, expect, it } from 'vitest';
import { createWaitingKeys } from './waiting-keys.ts';

/** Makes work that runs until the test ends it. */
const steps = (done: string[]) => (name: string) => {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const work = async (): Promise<void> => {
    await promise;
    done.push(name);
  };
  return { work, finish: () => resolve(undefined), fail: () => reject(new Error(`${name} failed`)) };
};

describe('keys that wait', () => {
  it('keep the sequence within a key and do not hold back other keys', async () => {
    const waiting = createWaitingKeys({ keys: 10, records: 10 });
    const done: string[] = [];
    const step = steps(done);
    const [a1, a2, b1] = [step('a1'), step('a2'), step('b1')];
    const ends = [waiting.add('a', a1.work), waiting.add('a', a2.work), waiting.add('b', b1.work)];
    a2.finish();
    b1.finish();
    await ends[2];
    expect(done).toEqual(['b1']);
    expect([waiting.has('a'), waiting.has('b'), waiting.keys()]).toEqual([true, false, 1]);
    a1.finish();
    await Promise.all(ends);
    expect(done).toEqual(['b1', 'a1', 'a2']);
    expect(waiting.keys()).toBe(0);
  });

  it('are at their limit with the maximum number of keys or of records, until a record is finished', async () => {
    const waiting = createWaitingKeys({ keys: 2, records: 3 });
    const step = steps([]);
    const [a1, a2, a3, b1] = [step('a1'), step('a2'), step('a3'), step('b1')];
    const first = waiting.add('a', a1.work);
    void waiting.add('a', a2.work);
    expect(waiting.isFull()).toBe(false);
    void waiting.add('a', a3.work);
    expect(waiting.isFull()).toBe(true);
    a1.finish();
    await first;
    expect(waiting.isFull()).toBe(false);
    void waiting.add('b', b1.work);
    expect(waiting.isFull()).toBe(true);
  });

  it('never run a record after an earlier record of its key has failed', async () => {
    const waiting = createWaitingKeys({ keys: 2, records: 3 });
    const done: string[] = [];
    const step = steps(done);
    const [a1, a2] = [step('a1'), step('a2')];
    const ends = [waiting.add('a', a1.work), waiting.add('a', a2.work)];
    a2.finish();
    a1.fail();
    expect((await Promise.allSettled(ends)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect([done, waiting.has('a')]).toEqual([[], false]);
  });
});
