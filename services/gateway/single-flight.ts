// Requests with the same key share one execution: the second waits for the first and gets its result.
// The invariant: between "not recorded yet" and "recorded" only one execution per key exists.
// Without it two concurrent requests would both find nothing recorded, and charge twice.

export interface Flight<T> {
  readonly fingerprint: string;
  readonly result: Promise<T>;
}

export interface SingleFlight<T> {
  readonly current: (key: string) => Flight<T> | undefined;
  /** Starts `work` unless the key is under way already; either way, the flight that is now under way. */
  readonly join: (key: string, fingerprint: string, work: () => Promise<T>) => Flight<T>;
}

export const createSingleFlight = <T>(): SingleFlight<T> => {
  const flights = new Map<string, Flight<T>>();
  return {
    current: (key) => flights.get(key),
    join: (key, fingerprint, work) => {
      const current = flights.get(key);
      if (current !== undefined) return current;
      const flight = { fingerprint, result: work().finally(() => flights.delete(key)) };
      flights.set(key, flight);
      return flight;
    },
  };
};
