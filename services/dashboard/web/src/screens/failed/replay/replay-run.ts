// Replays all dead letters of one cause in batches. A dead letter that fails again stays open.
import type { CauseReplayed, Replayed } from '../../../api/types.ts';

export interface ReplayRun {
  /** The last outcome of each replayed dead letter, by the id of the dead letter. */
  readonly results: ReadonlyMap<string, Replayed>;
  /** The number of dead letters that are still open, according to the last response. */
  readonly remaining: number;
  /** Whether the service ended the replay, because a temporary failure would affect the remaining dead letters too. */
  readonly endedEarly: boolean;
}

/** The batches are small, so that the user sees the progress and can stop the replay quickly. */
const batchSize = 10;
/** The maximum that the service accepts in one request. */
const maxBatchSize = 100;

export const failuresOf = ({ results }: ReplayRun): Replayed[] =>
  [...results.values()].filter(({ outcome }) => outcome === 'failed');

/** The number of open dead letters that this run has not tried. */
export const untriedOf = (run: ReplayRun): number => Math.max(0, run.remaining - failuresOf(run).length);

/**
 * Yields the run after each batch. The service replays the dead letters with the fewest replays first. So a dead letter that has
 * just failed can be chosen again before an untried one, if the untried one was replayed more often in earlier runs. If a batch
 * contains no untried dead letter, the next batch has the maximum size, in order to reach the untried ones.
 */
export async function* replayAll(
  openCount: number,
  replay: (limit: number) => Promise<CauseReplayed>,
): AsyncGenerator<ReplayRun, void> {
  const results = new Map<string, Replayed>();
  let run: ReplayRun = { results, remaining: openCount, endedEarly: false };
  let isLarge = false;
  do {
    const limit = isLarge ? maxBatchSize : Math.min(batchSize, untriedOf(run));
    const triedBefore = results.size;
    const answer = await replay(limit);
    for (const result of answer.results) results.set(result.id, result);
    const { remaining, endedEarly } = answer;
    run = { results: new Map(results), remaining, endedEarly };
    yield run;
    const isStuck = results.size === triedBefore;
    if (endedEarly || answer.results.length === 0 || (isStuck && isLarge)) return;
    isLarge = isStuck;
  } while (untriedOf(run) > 0);
}
