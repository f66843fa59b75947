// Liveness means "the process answers", readiness means "send requests here".
// The invariant: a probe is always answered within the time limit, and a stopping service is unready before it stops accepting
// requests. A dependency that requests do not need, such as Kafka behind the outbox, is reported as `pipeline` and does not change
// readiness: otherwise an outage of Kafka would make all instances unready, although they can accept orders.
import { permissionsOfProcesses } from '../endpoint/permissions.ts';
import { z } from '@hono/zod-openapi';
import { type App } from '../server/request-context.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { json } from '../request/shapes.ts';
import { messageOf } from '../../process/message-of.ts';
import { withTimeout } from '../../process/timeout.ts';

/** Resolves when the dependency is usable, optionally with a detail to report; rejects otherwise. */
export type HealthCheck = (signal: AbortSignal) => Promise<unknown>;

const checksSchema = z.record(
  z.string(),
  z.object({ status: z.enum(['ok', 'unavailable']), detail: z.string().optional() }),
);

export const healthSchema = z
  .object({
    status: z
      .enum(['ok', 'unavailable'])
      .describe('Whether requests can be sent here: `ok` when all `checks` are `ok`'),
    checks: checksSchema,
    pipeline: checksSchema
      .optional()
      .describe('Dependencies that requests do not need; they do not change `status`'),
  })
  .openapi('Health');
export type HealthReport = z.infer<typeof healthSchema>;

export interface Health {
  readonly report: () => Promise<HealthReport>;
  /** Makes the process unready for good: the first step of a shutdown. */
  readonly drain: () => void;
  /** Adds `/health/live` and `/health/ready` to an application. */
  readonly register: (app: App) => void;
}

interface HealthOptions {
  /** Dependencies that requests need, by name. */
  readonly checks: Readonly<Record<string, HealthCheck>>;
  /** Other dependencies: reported, without effect on the status. */
  readonly pipeline?: Readonly<Record<string, HealthCheck>>;
  /** Milliseconds per check, half of that for checks of `pipeline`; 1,000 when absent. */
  readonly timeoutMs?: number;
}

type CheckReport = HealthReport['checks'][string];

const oneLine = (error: unknown): string => (messageOf(error).split('\n')[0] ?? '').slice(0, 200);

const run = async (check: HealthCheck, timeoutMs: number): Promise<CheckReport> => {
  const abort = new AbortController();
  try {
    const timeout = () => new Error(`no answer within ${timeoutMs} ms`);
    const detail = await withTimeout(check(abort.signal), timeoutMs, timeout);
    return { status: 'ok', ...(typeof detail === 'string' ? { detail } : {}) };
  } catch (error) {
    return { status: 'unavailable', detail: oneLine(error) };
  } finally {
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

/** Concurrent probes share one round of checks. */
export const createHealth = ({ checks, pipeline, timeoutMs = 1_000 }: HealthOptions): Health => {
  let draining = false;
  let round: Promise<HealthReport> | undefined;

  const runRound = async (): Promise<HealthReport> => {
    const [checksReport, pipelineReport] = await Promise.all([
      runAll(checks, timeoutMs),
      // Half of the limit: the prober may have the same timeout, and a hanging pipeline must not look like a hanging process.
      pipeline && runAll(pipeline, timeoutMs / 2),
    ]);
    const ready = Object.values(checksReport).every(({ status }) => status === 'ok');
    return {
      status: ready ? 'ok' : 'unavailable',
      checks: checksReport,
      ...(pipelineReport === undefined ? {} : { pipeline: pipelineReport }),
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

  const content = json(healthSchema);
  const register = (app: App): void => {
    app.openapi(
      endpoint(permissionsOfProcesses['health.live'], {
        tags: ['health'],
        // If an overloaded process failed this probe, it would be restarted and the other instances would get its load.
        kind: 'probe',
        summary: 'Whether the process answers',
        responses: { 200: { description: 'The process answers', content } },
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
