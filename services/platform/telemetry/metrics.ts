// The metrics of a process in Prometheus' text format. Labels come from the code (route patterns, statuses, reasons), never
// from what a client sends, so the number of series is bounded.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
  /** One request that has been answered; `route` is the pattern. */
  readonly observeRequest: (method: string, route: string, status: number, seconds: number) => void;
}

/** What the routes answer to. A client may send any method that Node knows, some thirty of them. */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** @param ofProcess Also the figures of the process: CPU, memory, event loop, garbage collection. Once per process. */
export function createMetrics(options: { readonly ofProcess: boolean } = { ofProcess: false }): Metrics {
  const registry = new Registry();
  if (options.ofProcess) collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'How long requests took, by method, route pattern and status.',
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

/** A figure that is read whenever somebody looks; undefined leaves it out. */
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
      if (value === undefined) this.reset();
      else this.set(value);
    },
  });
}

/** A count that somebody else keeps, read whenever somebody looks. */
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

/** The state that something is in: 1 for that one and 0 for the others, so that an alert can be written before it fires. */
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
      const now = read();
      for (const state of states) this.set({ state }, Number(state === now));
    },
  });
}

/** Figures that have to be asked for, by the value of a label. Without an answer there are none, and all others stay. */
export function addAskedGauge(
  { registry }: Metrics,
  name: string,
  help: string,
  label: string,
  ask: () => Promise<ReadonlyMap<string, number>>,
): void {
  const answer = sharedAnswer(ask, { withinMs: 1_000, freshMs: 5_000 });
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    async collect() {
      const found = await answer();
      this.reset();
      for (const [value, figure] of found ?? []) this.set({ [label]: value }, figure);
    },
  });
}

/**
 * Asks when somebody looks, once for all who look together or within `freshMs`, so that nobody can make it work by looking
 * often. Undefined when there is no answer within `withinMs`: one part that hangs must not take the other figures along.
 */
export const sharedAnswer = <T>(
  ask: () => Promise<T>,
  { withinMs, freshMs }: { readonly withinMs: number; readonly freshMs: number },
): (() => Promise<T | undefined>) => {
  const askInTime = async (): Promise<T | undefined> => {
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => {
      late.resolve(undefined);
    }, withinMs);
    try {
      return await Promise.race([ask(), late.promise]);
    } catch {
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  };
  let latest: { readonly answer: Promise<T | undefined>; readonly until: number } | undefined;
  return () => {
    if (latest === undefined || performance.now() >= latest.until) {
      latest = { answer: askInTime(), until: performance.now() + freshMs };
    }
    return latest.answer;
  };
};
