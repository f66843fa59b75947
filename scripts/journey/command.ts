// npm run journey -- <order or correlation id>: the whole story of an order from a running system: its events with their hops
// and times, the log lines and the spans that belong to it, as one timeline. Exit code 0: told; 1: nobody knows the id; 2: it
// could not be asked for in this way, or nothing answers.
import { formatLines, isLook, linesAbout, traceIdsIn, type FoundLines } from './logs.ts';
import { logSource, unreadable } from './log-sources.ts';
import { spansOfFiles, spansOfJaeger, type Wanted } from './span-sources.ts';
import { formatTraces, type SeenSpan } from './spans.ts';
import { argumentsOf, stackOf } from '../operator/environment.ts';
import { explain, failure, isFailure, reasonOf } from '../../schemas/tools/failure.ts';
import type { Story } from '../../services/auditor/stories/read-story.ts';
import { formatJourney, openStory } from './journey.ts';
import type { ServiceName } from '../stack/topology.ts';
import { stackVariables } from '../stack/variables.ts';

const usage = `usage: npm run journey -- <order or correlation id> [--logs <file>]… [--spans <file>]… [--json]
  --logs    log lines from a file instead of the data folder or docker compose
  --spans   spans from a file with one OTLP JSON export a line, beside those of JAEGER_URL
  --json    everything, for a script`;

/** What log lines and traces may be older than the first thing that the databases know of it. */
const leadMs = 60_000;
const dayMs = 24 * 3_600_000;
const maxId = 128;

const parse = () => {
  const { values: flags, positionals } = argumentsOf(usage, {
    allowPositionals: true,
    options: {
      logs: { type: 'string', multiple: true, default: [] },
      spans: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
  });
  const [id, ...more] = positionals;
  if (id === undefined || more.length > 0) throw failure(usage);
  if (!/^[A-Za-z0-9._-]+$/.test(id) || id.length > maxId)
    throw failure(
      `an id of an order is a UUID, a correlation id at most ${maxId} letters, digits and . _ -\n${usage}`,
    );
  return { id, flags };
};

const tell = async (id: string): Promise<Story> => {
  const { databaseUrl, databaseTrust } = stackOf(process.env);
  const at = (service: ServiceName) => {
    const url = databaseUrl(service, 'auditor');
    return { url, tls: databaseTrust(url) };
  };
  return openStory(at, id).catch((error: unknown) => {
    throw failure(`the databases cannot be asked (${reasonOf(error)}); is the stack running?`);
  });
};

interface Found {
  readonly found: FoundLines;
  readonly notes: readonly string[];
}

const readLines = async (
  id: string,
  files: readonly string[],
  story: Story,
  since: number,
): Promise<Found> => {
  const source = logSource(files, new Date(since));
  const ids = [
    id,
    ...story.orders.map((order) => order.id),
    ...story.correlationIds,
    ...story.events.map((event) => event.id),
    // Of the gateway, which knows nothing else of ours.
    ...story.events.flatMap(({ traceparent }) => traceparent.split('-').slice(1, 2)),
  ];
  try {
    const found = await linesAbout(source.lines(), [...new Set(ids)]);
    const more = found.left > 0 ? [`${found.left} more log lines are left out`] : [];
    return { found, notes: more };
  } catch (error) {
    return { found: { lines: [], left: 0 }, notes: [unreadable(source, error)] };
  }
};

const readSpans = async (
  files: readonly string[],
  wanted: Wanted,
): Promise<{ readonly spans: readonly SeenSpan[]; readonly notes: readonly string[] }> => {
  const jaeger = process.env[stackVariables.jaeger.env];
  const asked = jaeger === undefined || jaeger === '' ? undefined : jaeger;
  if (asked === undefined && files.length === 0)
    return {
      spans: [],
      notes: ['no spans: set JAEGER_URL, such as http://localhost:16686, or give --spans <file>'],
    };
  const ofFiles = await spansOfFiles(files, wanted);
  try {
    return {
      spans: [...ofFiles, ...(asked === undefined ? [] : await spansOfJaeger(asked, wanted))],
      notes: [],
    };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { spans: ofFiles, notes: [`no spans: ${error.message}`] };
  }
};

/** The id of the trace that a sampled traceparent names. */
const sampledTrace = (traceparent: string): string[] => {
  const [, traceId, , flags] = traceparent.split('-');
  return traceId !== undefined && flags === '01' ? [traceId] : [];
};

const journey = async (): Promise<number> => {
  const { id, flags } = parse();
  const story = await tell(id);
  const { orders, correlationIds, events } = story;
  const known = [...orders.map(({ placedAt }) => placedAt), ...events.map(({ committedAt }) => committedAt)];
  // What only log lines tell of, such as a request that was refused, is looked for in those of a day.
  const since = known.length === 0 ? Date.now() - dayMs : Math.min(...known) - leadMs;
  const { found, notes: ofLines } = await readLines(id, flags.logs, story, since);
  if (known.length === 0 && found.lines.length === 0) {
    process.stderr.write(`${[`nobody knows an order or a correlation id ${id}`, ...ofLines].join('\n')}\n`);
    return 1;
  }
  const told = found.lines.filter((line) => !isLook(line));
  const traceIds = [
    ...new Set([...events.flatMap(({ traceparent }) => sampledTrace(traceparent)), ...traceIdsIn(told)]),
  ];
  const orderIds = orders.map((order) => order.id);
  const { spans, notes: ofSpans } = await readSpans(flags.spans, { traceIds, orderIds, since });
  const notes = [...ofLines, ...ofSpans];
  if (flags.json) {
    const logs = found.lines.map(({ fields }) => fields);
    const { steps, calls } = story;
    // The bytes of an event are for a consumer and not for a reader of JSON.
    const shown = events.map(({ payload: _, ...event }) => event);
    const all = { orders, correlationIds, steps, calls, events: shown, logs, spans, notes };
    process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    return 0;
  }
  const looks = found.lines.length - told.length;
  if (looks > 0) notes.push(`${looks} log lines of requests that only looked are left out; --json has them`);
  const zero = Math.min(...known, ...told.map(({ at }) => at), ...spans.map(({ start }) => start));
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
  const lines = [
    ...orders.map(
      (order) => `order ${order.id}: ${order.status}, placed ${new Date(order.placedAt).toISOString()}`,
    ),
    ...correlationIds.map((correlationId) => `correlation id ${correlationId}`),
    `times are since ${new Date(zero).toISOString()}`,
    ...section(`events: ${events.length}`, events.length === 0 ? [] : formatJourney(events, zero)),
    ...section(`log lines: ${told.length}`, formatLines(told, zero)),
    ...section(`spans: ${spans.length}`, formatTraces(spans, zero)),
    ...(notes.length === 0 ? [] : ['', ...notes]),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
};

try {
  process.exitCode = await journey();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 2;
}
