// Liveness says "the process answers", readiness says "send requests here"; they are different questions.
// The invariant: a probe always answers within the bound, and a stopping service is red before it stops accepting.
// Without it a hung dependency hangs the probe, and a restart loses the requests that were still being sent.
// What requests do not need, such as Kafka behind an outbox, is reported as `pipeline` and never makes readiness red: an
// outage of Kafka would otherwise take every instance out of rotation, although all of them can accept orders.
import { permissionsOfProcesses } from '../endpoint/permissions.ts';
import { z } from '@hono/zod-openapi';
import { type App } from '../server/request-context.ts';
import { endpoint } from '../endpoint/endpoint.ts';

/** Resolves when the part is usable, with a string if there is something to report; rejects otherwise. */
export type HealthCheck = (signal: AbortSignal) => Promise<unknown>;

const checksSchema = z.record(
  z.string(),
  z.object({ status: z.enum(['ok', 'unavailable']), detail: z.string().optional() }),
);

/** What a probe is answered with. */
export const healthSchema = z
  .object({
    status: z.enum(['ok', 'unavailable']).describe('Whether requests can be sent here: what `checks` says'),
    checks: checksSchema,
    pipeline: checksSchema
      .optional()
      .describe('What the process works with beside its requests; it does not change `status`'),
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
  /** What the process needs to answer requests, by name of the part. */
  readonly checks: Readonly<Record<string, HealthCheck>>;
  /** What it works with beside requests: reported, without effect on the status. */
  readonly pipeline?: Readonly<Record<string, HealthCheck>>;
  /** Milliseconds per check, half of it for one of the pipeline; 1,000 when absent. */
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

const runAll = async (
  checks: Readonly<Record<string, HealthCheck>>,
  timeoutMs: number,
): Promise<HealthReport['checks']> =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await run(check, timeoutMs)] as const),
    ),
  );

/** Health of one service. Probes that arrive together share one round of checks. */
export const createHealth = ({ checks, pipeline, timeoutMs = 1_000 }: HealthOptions): Health => {
  let draining = false;
  let round: Promise<HealthReport> | undefined;

  const runRound = async (): Promise<HealthReport> => {
    const [needed, beside] = await Promise.all([
      runAll(checks, timeoutMs),
      // Who probes may wait no longer than the timeout: what hangs in here must not look like a process that hangs.
      pipeline && runAll(pipeline, timeoutMs / 2),
    ]);
    const ready = Object.values(needed).every(({ status }) => status === 'ok');
    return {
      status: ready ? 'ok' : 'unavailable',
      checks: needed,
      ...(beside === undefined ? {} : { pipeline: beside }),
    };
  };

  const report = async (): Promise<HealthReport> => {
    round ??= runRound().finally(() => {
      round = undefined;
    });
    const result = await round;
    if (!draining) return result;
    return {
      ...result,
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
        summary: 'Whether requests can be sent here',
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
