// When most records of a consumer cannot be handled, the fault is not in the records: the registry has lost its schemas, or a
// deployment is broken. Then the breaker opens instead of turning the whole topic into dead letters: the consumer halts and probes,
// one record at a time, whether the cause still exists. A handled probe closes the breaker. The breaker keeps the recent
// outcomes, so the next failure opens it again unless enough records were handled in between.

/** Permission to attempt a record. It must be returned with the outcome: handled, failed or abandoned. */
export type Pass = 'normal' | 'probe';

export interface DeadLetterBreaker {
  /** Permission to attempt the next record of the partition `holder`; undefined: ask again later. */
  admit(holder: string, now: number): Pass | undefined;
  /** The record was handled. Returns whether this has closed the breaker. */
  handled(pass: Pass): boolean;
  /** The record can never be handled. `dead_letter`: store it as a dead letter; `halt`: keep it and wait for admission again. */
  failed(pass: Pass, now: number): 'dead_letter' | 'halt';
  /** Takes back one counted dead letter: storing it failed, or it was stored at an earlier delivery and must not count twice. */
  uncount(): void;
  /** The attempt tells nothing about the record, for example because the database was unavailable. */
  abandoned(pass: Pass): void;
  /** Why the consumer has halted; undefined while the breaker is closed. */
  halted(now: number): string | undefined;
}

export interface DeadLetterLimit {
  /** Opens when this many of the last `2 × limit` records would become dead letters. */
  readonly limit: number;
  /** Milliseconds between two probes. */
  readonly probeEveryMs: number;
}

export function createDeadLetterBreaker({ limit, probeEveryMs }: DeadLetterLimit): DeadLetterBreaker {
  const size = 2 * limit;
  /** Per record, whether it became a dead letter; the latest record is last. */
  let recent: boolean[] = [];
  let open: { probeAt: number; probing: boolean; lastHolder: string | undefined } | undefined;

  const remember = (isDeadLetter: boolean): void => {
    recent = [...recent, isDeadLetter].slice(-size);
  };
  const endProbe = (): void => {
    if (open) open.probing = false;
  };

  return {
    admit: (holder, now) => {
      if (!open) return 'normal';
      if (open.probing || now < open.probeAt) return undefined;
      // After a failed probe, the other partitions probe first.
      if (holder === open.lastHolder && now < open.probeAt + probeEveryMs) return undefined;
      open.probing = true;
      open.lastHolder = holder;
      return 'probe';
    },
    handled: (pass) => {
      remember(false);
      // An attempt that began before the breaker opened is no probe.
      if (pass === 'normal' || !open) return false;
      open = undefined;
      return true;
    },
    failed: (pass, now) => {
      if (pass === 'probe') endProbe();
      const wouldBe = recent.slice(1 - size).filter(Boolean).length + 1;
      if (!open && wouldBe < limit) {
        // Counted before the dead letter is stored, because records of other partitions fail at the same time.
        remember(true);
        return 'dead_letter';
      }
      open = { probing: false, lastHolder: undefined, ...open, probeAt: now + probeEveryMs };
      return 'halt';
    },
    uncount: () => {
      const last = recent.lastIndexOf(true);
      recent = recent.filter((_, index) => index !== last);
    },
    abandoned: (pass) => {
      if (pass === 'probe') endProbe();
    },
    halted: (now) => {
      if (!open) return undefined;
      const deadLetters = recent.filter(Boolean).length;
      const seconds = Math.max(0, Math.ceil((open.probeAt - now) / 1000));
      const next = open.probing || seconds === 0 ? 'now' : `in ${seconds} s`;
      return `halted: ${deadLetters} of the last ${recent.length} records became dead letters, and so would the next record; probing again ${next}`;
    },
  };
}
