// Liveness says "the process answers", readiness says "send work here"; they are different questions.
// The invariant: a probe always answers within the bound, and a stopping service is red before it stops accepting.
// Without it a hung dependency hangs the probe, and a restart loses the requests that were still being sent.
import { permissionsOfProcesses } from '../endpoint/permissions.ts';
import { z } from '@hono/zod-openapi';
import { type App } from '../server/request-context.ts';
import { endpoint } from '../endpoint/endpoint.ts';

/** Resolves when the part is usable, with a string if there is something to report; rejects otherwise. */
export type HealthCheck = (signal: AbortSignal) => Promise<unknown>;

/** What a probe is answered with. */
export const healthSchema = z
  .object({
    status: z.enum(['ok', 'unavailable']),
    checks: z.record(
      z.string(),
      z.object({ status: z.enum(['ok', 'unavailable']), detail: z.string().optional() }),
    ),
  })
  .openapi('Health');
export type HealthReport = z.infer<typeof healthSchema>;

export interface Health {
  readonly report: () => Promise<HealthReport>;
  /** Turns readiness red for good: the first step of a shutdown. */
  readonly drain: () => void;
  /** Adds `/health/live` and `/health/ready` to an application. */
  readonly register: (app: App) => void;
}

export interface HealthOptions {
  /** By name of the part. */
  readonly checks: Readonly<Record<string, HealthCheck>>;
  /** Milliseconds per check; 1,000 when absent. */
  readonly timeoutMs?: number;
}

type CheckReport = HealthReport['checks'][string];

const oneLine = (error: unknown): string => {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return (message.split('\n')[0] ?? '').slice(0, 200);
};

const run = async (check: HealthCheck, timeoutMs: number): Promise<CheckReport> => {
  const abort = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    const detail = await Promise.race([check(abort.signal), late.promise]);
    return { status: 'ok', ...(typeof detail === 'string' ? { detail } : {}) };
  } catch (error) {
    return { status: 'unavailable', detail: oneLine(error) };
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
};

/** Health of one service. Probes that arrive together share one round of checks. */
export const createHealth = ({ checks, timeoutMs = 1_000 }: HealthOptions): Health => {
  let draining = false;
  let round: Promise<HealthReport> | undefined;

  const runAll = async (): Promise<HealthReport> => {
    const entries = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await run(check, timeoutMs)] as const),
    );
    const ready = entries.every(([, { status }]) => status === 'ok');
    return { status: ready ? 'ok' : 'unavailable', checks: Object.fromEntries(entries) };
  };

  const report = async (): Promise<HealthReport> => {
    round ??= runAll().finally(() => {
      round = undefined;
    });
    const result = await round;
    if (!draining) return result;
    return {
      status: 'unavailable',
      checks: { ...result.checks, draining: { status: 'unavailable', detail: 'shutting down' } },
    };
  };

  const content = { 'application/json': { schema: healthSchema } };
  const register = (app: App): void => {
    app.openapi(
      endpoint(permissionsOfProcesses['health.live'], {
        tags: ['health'],
        // An overloaded process that is taken for dead is restarted, and the others get its load.
        kind: 'probe',
        summary: 'Whether the process answers',
        responses: { 200: { description: 'It does', content } },
      }),
      (c) => c.json({ status: 'ok' as const, checks: {} }, 200),
    );
    app.openapi(
      endpoint(permissionsOfProcesses['health.ready'], {
        tags: ['health'],
        kind: 'probe',
        summary: 'Whether work can be sent here',
        responses: {
          200: { description: 'Ready', content },
          503: { description: 'Not ready, or shutting down', content },
        },
      }),
      async (c) => {
        const result = await report();
        return result.status === 'ok' ? c.json(result, 200) : c.json(result, 503);
      },
    );
  };

  return {
    report,
    drain: () => {
      draining = true;
    },
    register,
  };
};
