// The health of every component: one probe per component, in parallel and with a timeout, plus the state that the supervisor
// reports. Concurrent calls share one round of probes, and the report is cached briefly; otherwise every open page would add load
// to the components.
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { z } from 'zod';
import { messageOf } from '../../platform/process/message-of.ts';

/** A probe: a URL that must respond with 2xx, or a port that must accept a connection. */
export const targetsSchema = z.array(
  z.discriminatedUnion('kind', [
    z.object({ name: z.string().min(1), kind: z.literal('http'), url: z.url() }),
    z.object({
      name: z.string().min(1),
      kind: z.literal('tcp'),
      host: z.string(),
      port: z.int().min(1).max(65535),
    }),
  ]),
);
export type Target = z.infer<typeof targetsSchema>[number];

const supervisedSchema = z.object({
  pid: z.int().optional(),
  state: z.string().optional(),
  restarts: z.int().optional(),
  startedAt: z.string().optional(),
});
/** The supervisor's status file: the parts (processes) by name. */
const stackSchema = z.object({ parts: z.record(z.string(), supervisedSchema) });
type Supervised = z.infer<typeof supervisedSchema>;

export interface PartHealth extends Supervised {
  readonly name: string;
  /**
   * `degraded`: the part serves requests, but a check of its health report fails. `unknown`: the part has no probe, and the
   * supervisor reports no state or a state such as `starting`.
   */
  readonly status: 'ok' | 'degraded' | 'unavailable' | 'unknown';
  /** The duration of the probe; null without a probe. */
  readonly latencyMs: number | null;
  readonly detail: string;
}

export interface PartsReport {
  readonly checkedAt: string;
  readonly parts: readonly PartHealth[];
}

interface PartsHealthOptions {
  readonly targets: readonly Target[];
  /** The path of the supervisor's status file. The file may be missing, stale or incomplete. */
  readonly stackFile?: string | undefined;
  /** Milliseconds per probe; 1,000 when absent. */
  readonly timeoutMs?: number;
  /** Milliseconds that a report is cached; 1,000 when absent. */
  readonly freshMs?: number;
}

const checksSchema = z.record(z.string(), z.object({ status: z.string(), detail: z.string().optional() }));
const answerSchema = z.object({ checks: checksSchema, pipeline: checksSchema.default({}) });

const failuresOf = (checks: z.infer<typeof checksSchema>): string[] =>
  Object.entries(checks)
    .filter(([, { status }]) => status !== 'ok')
    .map(([name, { detail }]) => (detail === undefined ? name : `${name}: ${detail}`));

type Answer = Pick<PartHealth, 'status' | 'detail'>;

/** The failed checks, or the names of all checks if none failed; the HTTP status if the body is not a health report. */
const describeAnswer = (httpStatus: number, isOk: boolean, body: string): Answer => {
  try {
    const { checks, pipeline } = answerSchema.parse(JSON.parse(body));
    const failed = [...failuresOf(checks), ...failuresOf(pipeline)];
    if (failed.length > 0)
      return {
        status: isOk ? 'degraded' : 'unavailable',
        detail: failed.map((failure) => failure.replace(/\.$/, '')).join('; '),
      };
    const names = [...Object.keys(checks), ...Object.keys(pipeline)];
    return { status: isOk ? 'ok' : 'unavailable', detail: names.join(', ') || 'responding' };
  } catch {
    return { status: isOk ? 'ok' : 'unavailable', detail: `HTTP ${httpStatus}` };
  }
};

const probeHttp = async (url: string, timeoutMs: number): Promise<Answer> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' });
  return describeAnswer(response.status, response.ok, await response.text());
};

const probeTcp = (host: string, port: number, timeoutMs: number): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const settle = (end: () => void): void => {
      socket.destroy();
      end();
    };
    socket.once('connect', () => settle(() => resolve({ status: 'ok', detail: 'accepts connections' })));
    socket.once('timeout', () => settle(() => reject(new Error(`no connection within ${timeoutMs} ms`))));
    socket.once('error', (error) => settle(() => reject(error)));
  });

const reasonOf = (error: unknown, timeoutMs: number): string =>
  error instanceof Error && error.name === 'TimeoutError'
    ? `no answer within ${timeoutMs} ms`
    : messageOf(error).slice(0, 300);

type Probed = Pick<PartHealth, 'status' | 'latencyMs' | 'detail'>;

const probe = async (target: Target, timeoutMs: number): Promise<Probed> => {
  const startedAt = performance.now();
  const latencyMs = () => Math.round((performance.now() - startedAt) * 10) / 10;
  try {
    const answer =
      target.kind === 'http'
        ? await probeHttp(target.url, timeoutMs)
        : await probeTcp(target.host, target.port, timeoutMs);
    return { latencyMs: latencyMs(), ...answer };
  } catch (error) {
    return { status: 'unavailable', latencyMs: latencyMs(), detail: reasonOf(error, timeoutMs) };
  }
};

const readStack = async (file: string | undefined): Promise<ReadonlyMap<string, Supervised>> => {
  if (file === undefined) return new Map();
  try {
    const { parts } = stackSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    return new Map(Object.entries(parts));
  } catch {
    // The probes do not depend on the status file, so the report works without it.
    return new Map();
  }
};

/** The health of a part without a probe is the state that the supervisor reports. */
const fromSupervisor = ({ state }: Supervised): Probed => {
  const detail = state === undefined ? 'not probed' : `supervisor: ${state}`;
  if (state === 'ready') return { status: 'ok', latencyMs: null, detail };
  if (state === 'stopped') return { status: 'unavailable', latencyMs: null, detail };
  return { status: 'unknown', latencyMs: null, detail };
};

/** Returns a function that probes and reports. Concurrent calls, and calls within `freshMs`, share one round of probes. */
export const createPartsHealth = ({
  targets,
  stackFile,
  timeoutMs = 1_000,
  freshMs = 1_000,
}: PartsHealthOptions): (() => Promise<PartsReport>) => {
  let latest: { readonly report: Promise<PartsReport>; readonly until: number } | undefined;

  const round = async (): Promise<PartsReport> => {
    const [stack, ...probes] = await Promise.all([
      readStack(stackFile),
      ...targets.map(async (target) => ({ name: target.name, probed: await probe(target, timeoutMs) })),
    ]);
    const probed = probes.map(({ name, probed: result }) => ({ name, ...result, ...stack.get(name) }));
    const names = new Set(targets.map(({ name }) => name));
    const others = [...stack]
      .filter(([name]) => !names.has(name))
      .map(([name, supervised]) => ({ name, ...fromSupervisor(supervised), ...supervised }));
    return { checkedAt: new Date().toISOString(), parts: [...probed, ...others] };
  };

  return () => {
    // A round takes at most the timeout, and calls share it while it runs. Its report is fresh for `freshMs` after its end.
    if (latest === undefined || performance.now() >= latest.until) {
      latest = { report: round(), until: performance.now() + timeoutMs + freshMs };
      const current = latest;
      void current.report.then(() => {
        if (latest === current) latest = { ...current, until: performance.now() + freshMs };
      });
    }
    return latest.report;
  };
};
