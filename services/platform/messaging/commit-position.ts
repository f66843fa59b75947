/** How far one partition may be committed while its records finish out of order. */
export interface CommitPosition {
  /** Offsets begin in ascending order; one that is read again begins again. */
  begin(offset: bigint): void;
  finish(offset: bigint): void;
  /** The first offset that whoever reads the partition next must read; undefined before the first record. */
  next(): bigint | undefined;
}

export function createCommitPosition(): CommitPosition {
  // A set yields its values in the order in which they were added, so the first is the lowest.
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
