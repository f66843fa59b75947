/** The offset up to which a partition may be committed. Its records may finish out of sequence. */
export interface CommitPosition {
  /** Must be called with ascending offsets; a record that is read again begins again. */
  begin(offset: bigint): void;
  finish(offset: bigint): void;
  /** The first offset that the next reader of the partition must read; undefined before the first record. */
  next(): bigint | undefined;
}

export function createCommitPosition(): CommitPosition {
  // A set keeps insertion order, so its first value is the lowest offset.
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
