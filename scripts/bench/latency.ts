// Summarises latencies as percentiles: a mean hides slow requests.
export interface Latency {
  readonly name: string;
  readonly samples: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Rounds to one decimal. */
export const round = (value: number): number => Math.round(value * 10) / 10;

/** Percentiles of latencies in milliseconds. */
export const summarise = (name: string, latencies: readonly number[]): Latency => {
  const sorted = [...latencies].sort((a, b) => a - b);
  const percentile = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN);
  return {
    name,
    samples: sorted.length,
    p50: percentile(0.5),
    p90: percentile(0.9),
    p99: percentile(0.99),
    max: percentile(1),
  };
};

/** An upper limit for the p99 of the latency with this name. */
interface Objective {
  readonly name: string;
  readonly p99AtMost: number;
}
interface Verdict extends Objective {
  readonly p99: number;
  readonly isMet: boolean;
}

/** Undefined when no latency has the name of the objective. */
export const judge = (latencies: readonly Latency[], objective: Objective): Verdict | undefined => {
  const measured = latencies.find(({ name }) => name === objective.name);
  if (measured === undefined) return undefined;
  // Without samples the p99 is NaN, so the objective is not met.
  return { ...objective, p99: measured.p99, isMet: measured.p99 <= objective.p99AtMost };
};
