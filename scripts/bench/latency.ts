// How latencies are told: percentiles, because a mean hides who waited.
export interface Latency {
  readonly what: string;
  readonly samples: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** To one decimal. */
export const round = (value: number): number => Math.round(value * 10) / 10;

/** Percentiles of latencies in milliseconds. */
export const summarise = (what: string, latencies: readonly number[]): Latency => {
  const sorted = [...latencies].sort((a, b) => a - b);
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN);
  return { what, samples: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
};

/** What has to hold of one of the latencies. */
interface Objective {
  readonly what: string;
  readonly p99AtMost: number;
}
interface Verdict extends Objective {
  readonly p99: number;
  readonly isHeld: boolean;
}

/** Undefined when what the objective is about was not measured. */
export const judge = (latencies: readonly Latency[], objective: Objective): Verdict | undefined => {
  const measured = latencies.find(({ what }) => what === objective.what);
  if (measured === undefined) return undefined;
  // Without samples the percentile is no number, and nothing is held.
  return { ...objective, p99: measured.p99, isHeld: measured.p99 <= objective.p99AtMost };
};
