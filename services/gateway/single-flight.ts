// Concurrent requests with the same key share one execution and its result. Otherwise two concurrent requests would both find no
// entry for their key, and charge twice.

interface Flight<T> {
  readonly fingerprint: string;
  readonly result: Promise<T>;
}

export interface SingleFlight<T> {
  readonly current: (key: string) => Flight<T> | undefined;
  /** Returns the current execution (flight) of the key. If there is none, starts `work`. */
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
