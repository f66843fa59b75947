import { expect, it } from 'vitest';
import type { CauseReplayed } from '../../../api/types.ts';
import { failuresOf, replayAll, untriedOf, type ReplayRun } from './replay-run.ts';

interface Letter {
  readonly id: string;
  readonly fails: boolean;
  replays: number;
}
const letters = (count: number, fails: (index: number) => boolean, replays = 0): Letter[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${replays}-${index}`, fails: fails(index), replays }));

/** Replays the dead letters with the fewest replays first, as the service does. */
const serviceWith = (all: Letter[], limits: number[] = []) => {
  let open = all;
  return (limit: number): Promise<CauseReplayed> => {
    limits.push(limit);
    const batch = open.toSorted((a, b) => a.replays - b.replays).slice(0, limit);
    const results = batch.map((letter) => {
      letter.replays += 1;
      return letter.fails
        ? { id: letter.id, outcome: 'failed' as const, reason: 'broken' }
        : { id: letter.id, outcome: 'accepted' as const };
    });
    const handled = new Set(results.filter(({ outcome }) => outcome === 'accepted').map(({ id }) => id));
    open = open.filter(({ id }) => !handled.has(id));
    return Promise.resolve({
      replayed: handled.size,
      failed: results.length - handled.size,
      remaining: open.length,
      endedEarly: false,
      results,
    });
  };
};

const lastOf = async (runs: AsyncGenerator<ReplayRun, void>): Promise<ReplayRun> => {
  let last: ReplayRun | undefined;
  for await (const run of runs) last = run;
  if (last === undefined) throw new Error('nothing was replayed');
  return last;
};

it('continues until no dead letter is open', async () => {
  const run = await lastOf(replayAll(25, serviceWith(letters(25, () => false))));
  expect(run).toMatchObject({ remaining: 0, endedEarly: false });
  expect(run.results.size).toBe(25);
});

it('replays each dead letter only once, even if some fail', async () => {
  const limits: number[] = [];
  const all = letters(15, (index) => index % 3 === 0);
  const run = await lastOf(replayAll(15, serviceWith(all, limits)));
  expect(limits).toEqual([10, 5]);
  expect(failuresOf(run).length).toBe(5);
  expect(run.remaining).toBe(5);
  expect(all.every(({ replays }) => replays === 1)).toBe(true);
});

it('also replays dead letters that the service puts last because of replays in earlier runs', async () => {
  const all = [...letters(10, () => true), ...letters(3, () => false, 1)];
  const run = await lastOf(replayAll(13, serviceWith(all)));
  expect(run.remaining).toBe(10);
  expect(untriedOf(run)).toBe(0);
});

it('ends when the service stops early', async () => {
  const limits: number[] = [];
  const run = await lastOf(
    replayAll(30, (limit) => {
      limits.push(limit);
      const results = [{ id: 'first', outcome: 'failed' as const, reason: 'no connection' }];
      return Promise.resolve({ replayed: 0, failed: 1, remaining: 30, endedEarly: true, results });
    }),
  );
  expect(limits).toEqual([10]);
  expect(run.endedEarly).toBe(true);
  expect(untriedOf(run)).toBe(29);
});

it('ends when another user has replayed the remaining dead letters', async () => {
  const run = await lastOf(replayAll(7, serviceWith([])));
  expect(run).toMatchObject({ remaining: 0, endedEarly: false });
});
