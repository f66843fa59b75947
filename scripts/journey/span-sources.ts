// Where spans are kept: Jaeger, asked for the traces that the story names and for those with events of its orders, so that a
// re-delivery or a repair with a trace of its own is found as well; or files of OTLP JSON.
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { failure, reasonOf } from '../../schemas/tools/failure.ts';
import { serviceNames } from '../stack/topology.ts';
import { spansFromJaeger, spansFromOtlp, type SeenSpan } from './spans.ts';

export interface Wanted {
  readonly traceIds: readonly string[];
  readonly orderIds: readonly string[];
  /** Nothing of the story is older, milliseconds since the epoch. */
  readonly since: number;
}

/** More traces than a person reads. */
const maxTraces = 20;
const answerWithinMs = 10_000;

const attribute = 'orderflow.order_id';

/** Events only: who looks at an order a thousand times has a thousand traces that say nothing. */
const ofEvents = { 'messaging.system': 'kafka' };

/** The whole traces that are named, or in which an event of one of the orders occurs. */
export const wantedOf = (spans: readonly SeenSpan[], { traceIds, orderIds }: Wanted): SeenSpan[] => {
  const named = spans.filter(
    ({ attributes }) =>
      orderIds.includes(attributes[attribute] ?? '') &&
      Object.entries(ofEvents).every(([name, value]) => attributes[name] === value),
  );
  const wanted = new Set([...traceIds, ...named.map(({ traceId }) => traceId)]);
  const seen = new Map(spans.map((span) => [`${span.traceId} ${span.spanId}`, span]));
  return [...seen.values()].filter(({ traceId }) => wanted.has(traceId));
};

const askJaeger = async (base: string, path: string): Promise<SeenSpan[]> => {
  const url = new URL(path, base.endsWith('/') ? base : `${base}/`);
  const response = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) });
  // A trace that was not sampled, or is not kept any more.
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  return spansFromJaeger(await response.json());
};

/** Throws a failure when Jaeger does not answer as it should. */
export const spansOfJaeger = async (base: string, wanted: Wanted): Promise<SeenSpan[]> => {
  const start = String(Math.floor(wanted.since * 1_000));
  const end = String(Date.now() * 1_000);
  const byOrder = wanted.orderIds.flatMap((orderId) =>
    serviceNames.map((service) => {
      const tags = JSON.stringify({ [attribute]: orderId, ...ofEvents });
      const query = new URLSearchParams({ service, tags, start, end, limit: String(maxTraces) });
      return `api/traces?${query.toString()}`;
    }),
  );
  const byId = wanted.traceIds.slice(0, maxTraces).map((traceId) => `api/traces/${traceId}`);
  try {
    const answers = await Promise.all([...byId, ...byOrder].map((path) => askJaeger(base, path)));
    return wantedOf(answers.flat(), wanted);
  } catch (error) {
    throw failure(`Jaeger at ${base} cannot be asked (${reasonOf(error)}); is JAEGER_URL right?`);
  }
};

/** Throws a failure for a file that is not there or holds something else. */
export const spansOfFiles = async (files: readonly string[], wanted: Wanted): Promise<SeenSpan[]> => {
  const spans: SeenSpan[] = [];
  for (const file of files) {
    if (!existsSync(file)) throw failure(`there is no file ${file}`);
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (line.trim() === '') continue;
      try {
        spans.push(...spansFromOtlp(JSON.parse(line)));
      } catch {
        throw failure(`${file} does not hold one OTLP JSON export a line`);
      }
    }
  }
  return wantedOf(spans, wanted);
};
