// npm run journey -- <order or correlation id>: shows what a running system has recorded about an order: its events with their
// times, its log lines and its spans. Exit code 0: shown; 1: the id is unknown; 2: wrong arguments, a missing
// file, or a database does not answer.
import { findLines, formatLines, isReadRequest, traceIdsIn, type LogLine } from './logs.ts';
import { logSource, unreadableNote } from './log-sources.ts';
import { spansOfFiles, spansOfJaeger, type SpanQuery } from './span-sources.ts';
import { formatTraces, type TraceSpan } from './spans.ts';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { collect, commandLine, print, printJson, withExitCode } from '../operator/command-line.ts';
import { stackOf } from '../operator/environment.ts';
import { failure, isFailure, reasonOf } from '../../schemas/tools/failure.ts';
import type { Story } from '../../services/auditor/stories/read-story.ts';
import { formatJourney, loadStory } from './journey.ts';
import type { ServiceName } from '../stack/topology.ts';
import { stackVariables } from '../stack/variables.ts';

/** The search for log lines and spans begins this much earlier than the first row in the databases. */
const leadMs = 60_000;
const dayMs = 24 * 3_600_000;
const maxId = 128;

const parseId = (id: string): string => {
  if (!/^[A-Za-z0-9._-]+$/.test(id) || id.length > maxId)
    throw new InvalidArgumentError(
      `An order id is a UUID; a correlation id has at most ${maxId} characters: letters, digits and . _ -`,
    );
  return id;
};

const loadStoryAsAuditor = async (id: string): Promise<Story> => {
  const { databaseUrl, databaseTrust } = stackOf(process.env);
  const access = (service: ServiceName) => {
    const url = databaseUrl(service, 'auditor');
    return { url, tls: databaseTrust(url) };
  };
  return loadStory(access, id).catch((error: unknown) => {
    throw failure(`the databases cannot be read (${reasonOf(error)}); is the stack running?`);
  });
};

const readLines = async (
  id: string,
  files: readonly string[],
  story: Story,
  since: number,
): Promise<{ readonly lines: readonly LogLine[]; readonly notes: readonly string[] }> => {
  const source = logSource(files, new Date(since));
  const ids = [
    id,
    ...story.orders.map((order) => order.id),
    ...story.correlationIds,
    ...story.events.map((event) => event.id),
    // The log of the gateway contains only the trace id.
    ...story.events.flatMap(({ traceparent }) => traceparent.split('-').slice(1, 2)),
  ];
  try {
    const { lines, omitted } = await findLines(source.lines(), [...new Set(ids)]);
    return { lines, notes: omitted > 0 ? [`${omitted} more log lines are omitted`] : [] };
  } catch (error) {
    return { lines: [], notes: [unreadableNote(source, error)] };
  }
};

const readSpans = async (
  files: readonly string[],
  query: SpanQuery,
): Promise<{ readonly spans: readonly TraceSpan[]; readonly notes: readonly string[] }> => {
  const jaegerUrl = process.env[stackVariables.jaeger.env] ?? '';
  if (jaegerUrl === '' && files.length === 0)
    return {
      spans: [],
      notes: ['no spans: set JAEGER_URL, for example http://localhost:16686, or use --spans <file>'],
    };
  const fileSpans = await spansOfFiles(files, query);
  try {
    const jaegerSpans = jaegerUrl === '' ? [] : await spansOfJaeger(jaegerUrl, query);
    return { spans: [...fileSpans, ...jaegerSpans], notes: [] };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { spans: fileSpans, notes: [`no spans of Jaeger: ${error.message}`] };
  }
};

/** The trace id of a sampled traceparent. */
const sampledTraceId = (traceparent: string): string[] => {
  const [, traceId, , flags] = traceparent.split('-');
  return traceId !== undefined && flags === '01' ? [traceId] : [];
};

interface Flags {
  readonly logs: readonly string[];
  readonly spans: readonly string[];
  readonly json?: true | undefined;
}

const showJourney = async (id: string, flags: Flags): Promise<number> => {
  const story = await loadStoryAsAuditor(id);
  const { orders, correlationIds, events } = story;
  const databaseTimes = [
    ...orders.map(({ placedAt }) => placedAt),
    ...events.map(({ committedAt }) => committedAt),
  ];
  // Without rows in the databases, as after a rejected request, the log lines of the last day are searched.
  const since = databaseTimes.length === 0 ? Date.now() - dayMs : Math.min(...databaseTimes) - leadMs;
  const { lines: logLines, notes: logNotes } = await readLines(id, flags.logs, story, since);
  if (databaseTimes.length === 0 && logLines.length === 0) {
    process.stderr.write(`${[`there is no order or correlation id ${id}`, ...logNotes].join('\n')}\n`);
    return 1;
  }
  const shownLines = logLines.filter((line) => !isReadRequest(line));
  const traceIds = [
    ...new Set([
      ...events.flatMap(({ traceparent }) => sampledTraceId(traceparent)),
      ...traceIdsIn(shownLines),
    ]),
  ];
  const orderIds = orders.map((order) => order.id);
  const { spans, notes: spanNotes } = await readSpans(flags.spans, { traceIds, orderIds, since });
  const notes = [...logNotes, ...spanNotes];
  if (flags.json) {
    const logs = logLines.map(({ fields }) => fields);
    const { steps, calls } = story;
    const withoutPayload = events.map(({ payload: _, ...event }) => event);
    printJson({ orders, correlationIds, steps, calls, events: withoutPayload, logs, spans, notes });
    return 0;
  }
  const hidden = logLines.length - shownLines.length;
  if (hidden > 0) notes.push(`${hidden} log lines of read requests are omitted; --json includes them`);
  const shownTimes = [
    ...databaseTimes,
    ...shownLines.map(({ timestamp }) => timestamp),
    ...spans.map(({ start }) => start),
  ];
  // All lines can be omitted, for example those of a read request for an unknown order.
  const timeOrigin = Math.min(
    ...(shownTimes.length > 0 ? shownTimes : logLines.map(({ timestamp }) => timestamp)),
  );
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
  const lines = [
    ...orders.map(
      (order) => `order ${order.id}: ${order.status}, placed ${new Date(order.placedAt).toISOString()}`,
    ),
    ...correlationIds.map((correlationId) => `correlation id ${correlationId}`),
    `times are relative to ${new Date(timeOrigin).toISOString()}`,
    ...section(`events: ${events.length}`, events.length === 0 ? [] : formatJourney(events, timeOrigin)),
    ...section(`log lines: ${shownLines.length}`, formatLines(shownLines, timeOrigin)),
    ...section(`spans: ${spans.length}`, formatTraces(spans, timeOrigin)),
    ...(notes.length === 0 ? [] : ['', ...notes]),
  ];
  print(lines.join('\n'));
  return 0;
};

export const journey = commandLine(
  'npm run journey',
  'Shows the events, log lines and spans of one order.',
  '0198c0de-7a3e-7b4c-9d21-5f0e3a6b8c11',
  'checkout-42 --logs order.log --logs payment.log --json',
)
  .argument('<id>', 'an order id or a correlation id', parseId)
  .addOption(
    new Option('--logs <file>', 'read the log lines from this file; can be repeated')
      .argParser(collect)
      .default([], 'the data folder, or docker compose'),
  )
  .addOption(
    new Option(
      '--spans <file>',
      'read spans from this file too, which has one OTLP JSON export per line; can be repeated',
    )
      .argParser(collect)
      .default([], 'only JAEGER_URL'),
  )
  .option('--json', 'print everything as JSON')
  .action(withExitCode(showJourney));
