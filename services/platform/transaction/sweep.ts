// A sweep: what is due is handled one by one, a page at a time. What fails is reported and passed by, so that it keeps nothing
// else waiting; the next sweep tries it again.
import { isTransient } from '../database/transient.ts';

export interface Sweep {
  /** Ids of what is due, in ascending order, after the given one; at most `pageSize`. */
  readonly read: (after: string | undefined) => Promise<readonly string[]>;
  readonly pageSize: number;
  /** Whether it took effect: another instance may have been faster. */
  readonly handle: (id: string) => Promise<boolean>;
  readonly onFailure: (id: string, error: unknown) => void;
  readonly signal: AbortSignal;
}

/** The number of those that took effect. Throws when the database is away: then all the others would fail as well. */
export async function sweepDue({ read, pageSize, handle, onFailure, signal }: Sweep): Promise<number> {
  let done = 0;
  let after: string | undefined;
  for (;;) {
    const page = await read(after);
    for (const id of page) {
      if (signal.aborted) return done;
      try {
        if (await handle(id)) done += 1;
      } catch (error) {
        if (isTransient(error)) throw error;
        onFailure(id, error);
      }
    }
    after = page.at(-1);
    if (page.length < pageSize) return done;
  }
}
