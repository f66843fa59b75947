// Replays all dead letters of one cause in batches. Each is tried once; one that fails again stays open.
import type { GroupReplayed, Replayed } from '../../../api/types.ts';

export interface ReplayRun {
  /** The last outcome of each replayed dead letter, by its id. */
  readonly results: ReadonlyMap<string, Replayed>;
  /** How many are still open, according to the last response. */
  readonly remaining: number;
  /** Whether the service stopped early, because a temporary failure would affect the rest as well. */
  readonly abortedByService: boolean;
}

/** Small, so that the progress is visible and a stop takes effect soon. */
const batchSize = 10;
/** The service's limit for one request. */
const maxBatchSize = 100;

export const failuresOf = ({ results }: ReplayRun): Replayed[] =>
  [...results.values()].filter(({ outcome }) => outcome === 'failed');

export const untriedOf = (run: ReplayRun): number => Math.max(0, run.remaining - failuresOf(run).length);

/**
 * Yields the run after each batch. The service takes the least often replayed dead letters first, so one that just failed can
 * come before one that was not tried yet. A batch without a new dead letter is therefore followed by one of the maximum size.
 */
export async function* replayAll(
  waiting: number,
  replay: (limit: number) => Promise<GroupReplayed>,
): AsyncGenerator<ReplayRun, void> {
  const results = new Map<string, Replayed>();
  let run: ReplayRun = { results, remaining: waiting, abortedByService: false };
  let isLarge = false;
  do {
    const limit = isLarge ? maxBatchSize : Math.min(batchSize, untriedOf(run));
    const tried = results.size;
    const answer = await replay(limit);
    for (const result of answer.results) results.set(result.id, result);
    const { remaining } = answer;
    const abortedByService =
      answer.results.at(-1)?.outcome === 'failed' &&
      answer.results.length < Math.min(limit, remaining + answer.replayed);
    run = { results: new Map(results), remaining, abortedByService };
    yield run;
    const isStuck = results.size === tried;
    if (abortedByService || answer.results.length === 0 || (isStuck && isLarge)) return;
    isLarge = isStuck;
  } while (untriedOf(run) > 0);
}
