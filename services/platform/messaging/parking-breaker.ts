// When most records of a consumer cannot be handled, the fault is not in the records: a registry that lost its schemas, a
// deployment that cannot work. Parking them all would turn the topic into a heap of dead letters, so the breaker opens:
// nothing is parked or skipped any more, and one record at a time probes whether the cause has passed. A handled probe
// closes it, but what it has counted stays, so that the next failure opens it again until most records are handled.

/** Permission to attempt a record; it must be given back with what came of it. */
export type Pass = 'normal' | 'probe';

export interface ParkingBreaker {
  /** Permission to attempt the record that `holder` (its partition) has in hand; undefined: ask again later. */
  admit(holder: string, now: number): Pass | undefined;
  /** The record was handled; true when that closed the breaker. */
  handled(pass: Pass): boolean;
  /** The record can never be handled: park it and let it go, or keep it in hand and ask for admission again. */
  failed(pass: Pass, now: number): 'park' | 'halt';
  /** What was to be parked was not, or had been before: a record that comes again is not another failure. */
  notParked(): void;
  /** The attempt says nothing about the cause, such as one that a lost connection ended. */
  abandoned(pass: Pass): void;
  /** Why nothing is handled; undefined while the breaker is closed. */
  halted(now: number): string | undefined;
}

export interface ParkingLimit {
  /** Opens when this many of the last `2 × limit` records would be parked. */
  readonly limit: number;
  /** Milliseconds between two probes. */
  readonly probeEveryMs: number;
}

export function createParkingBreaker({ limit, probeEveryMs }: ParkingLimit): ParkingBreaker {
  const size = 2 * limit;
  /** True for parked, the latest last. */
  let recent: boolean[] = [];
  let open: { probeAt: number; probing: boolean; lastHolder: string | undefined } | undefined;

  const remember = (wasParked: boolean): void => {
    recent = [...recent, wasParked].slice(-size);
  };
  const endProbe = (): void => {
    if (open) open.probing = false;
  };

  return {
    admit: (holder, now) => {
      if (!open) return 'normal';
      if (open.probing || now < open.probeAt) return undefined;
      // The record whose probe failed steps back for a while, so that those of other partitions get their turn.
      if (holder === open.lastHolder && now < open.probeAt + probeEveryMs) return undefined;
      open.probing = true;
      open.lastHolder = holder;
      return 'probe';
    },
    handled: (pass) => {
      remember(false);
      // A record that was under way when the breaker opened is no probe: it may have been lucky.
      if (pass === 'normal' || !open) return false;
      open = undefined;
      return true;
    },
    failed: (pass, now) => {
      if (pass === 'probe') endProbe();
      const wouldBeParked = recent.slice(1 - size).filter(Boolean).length + 1;
      if (!open && wouldBeParked < limit) {
        // Counted here and not once it is parked: records of other partitions fail at the same time.
        remember(true);
        return 'park';
      }
      open = { probing: false, lastHolder: undefined, ...open, probeAt: now + probeEveryMs };
      return 'halt';
    },
    notParked: () => {
      const last = recent.lastIndexOf(true);
      recent = recent.filter((_, index) => index !== last);
    },
    abandoned: (pass) => {
      if (pass === 'probe') endProbe();
    },
    halted: (now) => {
      if (!open) return undefined;
      const parkedOnes = recent.filter(Boolean).length;
      const seconds = Math.max(0, Math.ceil((open.probeAt - now) / 1000));
      const next = open.probing || seconds === 0 ? 'now' : `in ${seconds} s`;
      return `halted: ${parkedOnes} of the last ${recent.length} records became dead letters and so would the next; probing again ${next}`;
    },
  };
}
