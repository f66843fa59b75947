// The canaries of one pipeline: outbox rows whose only purpose is to arrive on their topic. They all have the same partition, so
// they arrive in the sequence in which they were sent: when a canary arrives, every earlier canary that has not arrived is lost.

export interface Canary {
  readonly id: string;
  readonly sentAt: number;
}

export interface Canaries {
  /** Canaries that have not arrived yet, the oldest first. */
  readonly inFlight: readonly Canary[];
  readonly sent: number;
  readonly lost: number;
  readonly lastRoundTripMs: number | undefined;
}
export const noCanaries: Canaries = { inFlight: [], sent: 0, lost: 0, lastRoundTripMs: undefined };

/** Maximum number of canaries that are kept for a stalled pipeline. The oldest is always kept: its age is the waiting time. */
const maxInFlight = 24;

export const send = ({ inFlight, sent, ...rest }: Canaries, canary: Canary): Canaries => {
  const [first, ...others] = inFlight;
  return {
    ...rest,
    sent: sent + 1,
    inFlight: [...(first ? [first, ...others.slice(2 - maxInFlight)] : []), canary],
  };
};

/** Records an arrival. Returns the same object when the canary is not in flight. */
export const arrive = (canaries: Canaries, id: string, at: number): Canaries => {
  const { inFlight, lost } = canaries;
  const index = inFlight.findIndex((canary) => canary.id === id);
  const arrived = inFlight[index];
  if (arrived === undefined) return canaries;
  return {
    ...canaries,
    inFlight: inFlight.slice(index + 1),
    lost: lost + index,
    lastRoundTripMs: at - arrived.sentAt,
  };
};

/** The age of the oldest canary in flight, ms; 0 when no canary is in flight. */
export const waitingMs = ({ inFlight }: Canaries, now: number): number => {
  const [oldest] = inFlight;
  return oldest === undefined ? 0 : now - oldest.sentAt;
};
