/** The offset up to which a partition may be committed. The records of the partition may finish out of sequence. */
export interface CommitPosition {
  /** Called in ascending sequence, and again for a record that is read again. */
  begin(offset: bigint): void;
  finish(offset: bigint): void;
  /** The offset to commit, where reading continues after a restart; undefined before the first record. */
  next(): bigint | undefined;
}

export function createCommitPosition(): CommitPosition {
  // A set keeps insertion order, and offsets begin in ascending sequence, so the first value is the lowest unfinished offset. A
  // finished record that is read again is added after higher offsets, and the position may pass it: its transaction is already
  // committed.
  const unfinished = new Set<bigint>();
  let end: bigint | undefined;
  return {
    begin: (offset) => {
      unfinished.add(offset);
      if (end === undefined || offset >= end) end = offset + 1n;
    },
    finish: (offset) => {
      unfinished.delete(offset);
    },
    next: () => {
      const [lowest] = unfinished;
      return lowest ?? end;
    },
  };
}
