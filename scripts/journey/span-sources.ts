// The sources of spans: Jaeger or files of OTLP JSON. Traces are found by trace id and by order id, because a redelivery or a
// repair has a separate trace.
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { failure, reasonOf } from '../../schemas/tools/failure.ts';
import { serviceNames } from '../stack/topology.ts';
import { spansFromJaeger, spansFromOtlp, type TraceSpan } from './spans.ts';

export interface SpanQuery {
  readonly traceIds: readonly string[];
  readonly orderIds: readonly string[];
  /** The earliest time, milliseconds since the epoch. */
  readonly since: number;
}

const maxTraces = 20;
const answerWithinMs = 10_000;

const orderIdAttribute = 'orderflow.order_id';

/** Selects spans of events. Read requests for an order would add many irrelevant traces. */
const eventTags = { 'messaging.system': 'kafka' };

/** The spans of every trace that has one of the trace ids or contains an event of one of the orders. */
export const selectTraces = (spans: readonly TraceSpan[], { traceIds, orderIds }: SpanQuery): TraceSpan[] => {
  const withEvent = spans.filter(
    ({ attributes }) =>
      orderIds.includes(attributes[orderIdAttribute] ?? '') &&
      Object.entries(eventTags).every(([name, value]) => attributes[name] === value),
  );
  const selected = new Set([...traceIds, ...withEvent.map(({ traceId }) => traceId)]);
  const unique = new Map(spans.map((span) => [`${span.traceId} ${span.spanId}`, span]));
  return [...unique.values()].filter(({ traceId }) => selected.has(traceId));
};

const queryJaeger = async (base: string, path: string): Promise<TraceSpan[]> => {
  const url = new URL(path, base.endsWith('/') ? base : `${base}/`);
  const response = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) });
  // 404: the trace was not sampled or has expired.
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`status ${response.status}`);
  return spansFromJaeger(await response.json());
};

/** Throws a failure when Jaeger does not answer or answers with an error. */
export const spansOfJaeger = async (base: string, query: SpanQuery): Promise<TraceSpan[]> => {
  const start = String(Math.floor(query.since * 1_000));
  const end = String(Date.now() * 1_000);
  const byOrder = query.orderIds.flatMap((orderId) =>
    serviceNames.map((service) => {
      const tags = JSON.stringify({ [orderIdAttribute]: orderId, ...eventTags });
      const parameters = new URLSearchParams({ service, tags, start, end, limit: String(maxTraces) });
      return `api/traces?${parameters.toString()}`;
    }),
  );
  const byId = query.traceIds.slice(0, maxTraces).map((traceId) => `api/traces/${traceId}`);
  try {
    const answers = await Promise.all([...byId, ...byOrder].map((path) => queryJaeger(base, path)));
    return selectTraces(answers.flat(), query);
  } catch (error) {
    throw failure(`Jaeger at ${base} cannot be queried (${reasonOf(error)}); is JAEGER_URL right?`);
  }
};

/** Throws a failure when a file does not exist or is not OTLP JSON. */
export const spansOfFiles = async (files: readonly string[], query: SpanQuery): Promise<TraceSpan[]> => {
  const spans: TraceSpan[] = [];
  for (const file of files) {
    if (!existsSync(file)) throw failure(`there is no file ${file}`);
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (line.trim() === '') continue;
      try {
        spans.push(...spansFromOtlp(JSON.parse(line)));
      } catch {
        throw failure(`${file} does not contain one OTLP JSON export per line`);
      }
    }
  }
  return selectTraces(spans, query);
};
