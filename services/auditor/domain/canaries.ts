// The canaries of one pipeline: rows that travel the outbox for nobody's sake but to be seen to arrive. One topic partition
// keeps their order, so whatever was sent before one that arrived, and has not arrived, never will.

export interface Canary {
  readonly id: string;
  readonly sentAt: number;
}

export interface Canaries {
  /** Sent and not seen to arrive, in the order they were sent. */
  readonly underWay: readonly Canary[];
  readonly sent: number;
  readonly lost: number;
  readonly lastRoundTripMs: number | undefined;
}
export const noCanaries: Canaries = { underWay: [], sent: 0, lost: 0, lastRoundTripMs: undefined };

/** What is remembered in a pipeline that stands still. The first one stays, for it says since when. */
const remembered = 24;

export const send = ({ underWay, sent, ...rest }: Canaries, canary: Canary): Canaries => {
  const [first, ...others] = underWay;
  return {
    ...rest,
    sent: sent + 1,
    underWay: [...(first ? [first, ...others.slice(2 - remembered)] : []), canary],
  };
};

/** A canary that arrived; the same canaries when it is none of these. */
export const arrive = (canaries: Canaries, id: string, at: number): Canaries => {
  const { underWay, lost } = canaries;
  const index = underWay.findIndex((canary) => canary.id === id);
  const arrived = underWay[index];
  if (arrived === undefined) return canaries;
  return {
    ...canaries,
    underWay: underWay.slice(index + 1),
    lost: lost + index,
    lastRoundTripMs: at - arrived.sentAt,
  };
};

/** For how long the oldest has been on its way, ms; 0 when none is. */
export const waitingMs = ({ underWay }: Canaries, now: number): number => {
  const [oldest] = underWay;
  return oldest === undefined ? 0 : now - oldest.sentAt;
};
