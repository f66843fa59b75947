// Replays all messages of one cause, a few at a time. Each message is tried once: one that fails again stays where it is.
import type { GroupReplayed, Replayed } from '../../../api/types.ts';

export interface ReplayRun {
  /** The last outcome of each message that was tried, by its id. */
  readonly results: ReadonlyMap<string, Replayed>;
  /** How many still wait, as the service said last. */
  readonly remaining: number;
  /** Whether the service broke off: the rest would meet the same failure now. */
  readonly brokeOff: boolean;
}

/** Few, so that the progress moves and a stop is felt soon. */
const batch = 10;
/** The most that the service replays at a time. */
const most = 100;

export const failuresOf = ({ results }: ReplayRun): Replayed[] =>
  [...results.values()].filter(({ outcome }) => outcome === 'failed');

export const untriedOf = (run: ReplayRun): number => Math.max(0, run.remaining - failuresOf(run).length);

/**
 * Yields the run after each batch. The service takes those least often replayed first, so what failed just now may come again
 * before what was not tried; a batch without a new message is followed by one that is large enough to reach behind it.
 */
export async function* replayAll(
  waiting: number,
  replay: (limit: number) => Promise<GroupReplayed>,
): AsyncGenerator<ReplayRun, void> {
  const results = new Map<string, Replayed>();
  let run: ReplayRun = { results, remaining: waiting, brokeOff: false };
  let isLarge = false;
  do {
    const limit = isLarge ? most : Math.min(batch, untriedOf(run));
    const tried = results.size;
    const answer = await replay(limit);
    for (const result of answer.results) results.set(result.id, result);
    const { remaining } = answer;
    const brokeOff =
      answer.results.at(-1)?.outcome === 'failed' &&
      answer.results.length < Math.min(limit, remaining + answer.replayed);
    run = { results: new Map(results), remaining, brokeOff };
    yield run;
    const isStuck = results.size === tried;
    if (brokeOff || answer.results.length === 0 || (isStuck && isLarge)) return;
    isLarge = isStuck;
  } while (untriedOf(run) > 0);
}
