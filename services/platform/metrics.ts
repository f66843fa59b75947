// The metrics of a process in Prometheus' text format. Labels come from the code (route patterns, statuses, reasons), never
// from what a client sends, so the number of series is bounded.
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
  /** One request that has been answered; `route` is the pattern. */
  readonly observeRequest: (method: string, route: string, status: number, seconds: number) => void;
}

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
      requests.observe({ method, route, status: String(status) }, seconds);
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
