// The metrics of a process, in the text format of Prometheus. Label values come from the code (route patterns, statuses,
// reasons), never from a client, so the number of series is bounded.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { withTimeout } from '../process/timeout.ts';

export interface Metrics {
  readonly registry: Registry;
  /** Records a finished request; `route` is the pattern. */
  readonly observeRequest: (method: string, route: string, status: number, seconds: number) => void;
}

/** All other methods (Node accepts about thirty) are counted as `other`. */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** With `ofProcess`, the metrics include CPU, memory, event loop and garbage collection; use it only once per process. */
export function createMetrics(options: { readonly ofProcess: boolean } = { ofProcess: false }): Metrics {
  const registry = new Registry();
  if (options.ofProcess) collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Duration of requests, by method, route pattern and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  return {
    registry,
    observeRequest: (method, route, status, seconds) => {
      const known = methods.has(method) ? method : 'other';
      requests.observe({ method: known, route, status: String(status) }, seconds);
    },
  };
}

/** A gauge whose value is read at each scrape; it has no series while `read` returns undefined. */
export function addGauge(
  { registry }: Metrics,
  name: string,
  help: string,
  read: () => number | undefined,
): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      const value = read();
      // `reset` would set it to 0.
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
}

/** A counter whose total is kept elsewhere and read at each scrape. */
export function addCounter({ registry }: Metrics, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

/** One series per state: 1 for the current state, 0 for the others, so that alerts find every series from the start. */
export function addState<State extends string>(
  { registry }: Metrics,
  name: string,
  help: string,
  states: readonly State[],
  read: () => State,
): void {
  new Gauge({
    name,
    help,
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const current = read();
      for (const state of states) this.set({ state }, Number(state === current));
    },
  });
}

/** A gauge that needs a query, one series per value of `label`. When the query fails, only this gauge has no series. */
export function addPolledGauge(
  { registry }: Metrics,
  name: string,
  help: string,
  label: string,
  query: () => Promise<ReadonlyMap<string, number>>,
): void {
  const read = cachedRead(query, { timeoutMs: 1_000, maxAgeMs: 5_000 });
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    async collect() {
      const values = await read();
      this.reset();
      for (const [labelValue, value] of values ?? []) this.set({ [label]: labelValue }, value);
    },
  });
}

/**
 * Runs `query` on demand and shares its result among all callers for `maxAgeMs`, so that frequent scrapes cause few queries.
 * The result is undefined when the query fails or takes longer than `timeoutMs`: a hanging dependency must not block other metrics.
 */
export const cachedRead = <T>(
  query: () => Promise<T>,
  { timeoutMs, maxAgeMs }: { readonly timeoutMs: number; readonly maxAgeMs: number },
): (() => Promise<T | undefined>) => {
  const queryInTime = async (): Promise<T | undefined> => {
    try {
      return await withTimeout(query(), timeoutMs, () => new Error('timeout'));
    } catch {
      return undefined;
    }
  };
  let latest: { readonly result: Promise<T | undefined>; readonly until: number } | undefined;
  return () => {
    if (latest === undefined || performance.now() >= latest.until) {
      latest = { result: queryInTime(), until: performance.now() + maxAgeMs };
    }
    return latest.result;
  };
};
