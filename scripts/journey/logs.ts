// Finds the log lines of an order. Each line of a service is one JSON object. A line belongs to the order when one of its fields
// equals one of the order's ids. The number of lines in memory is limited.
import { isObject } from '../../schemas/tools/json.ts';

export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly service: string;
  readonly level: string;
  readonly message: string;
  /** The whole line. */
  readonly fields: Readonly<Record<string, unknown>>;
}

interface FoundLines {
  readonly lines: readonly LogLine[];
  /** The number of lines beyond the limit. */
  readonly omitted: number;
}

const maxLines = 2_000;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The JSON object of a line, after the prefix that `docker compose logs` may add; undefined for any other line. */
const objectIn = (line: string): Readonly<Record<string, unknown>> | undefined => {
  const start = line.indexOf('{');
  if (start === -1) return undefined;
  try {
    const value: unknown = JSON.parse(line.slice(start));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const toLine = (fields: Readonly<Record<string, unknown>>): LogLine => ({
  timestamp: Date.parse(text(fields['timestamp'])),
  service: text(fields['service']),
  level: text(fields['level']),
  message: text(fields['message']),
  fields,
});

/** The lines with one of the ids in a field, earliest first. */
export const findLines = async (
  lines: AsyncIterable<string> | Iterable<string>,
  ids: readonly string[],
): Promise<FoundLines> => {
  const idSet = new Set<unknown>(ids);
  const selected: LogLine[] = [];
  let omitted = 0;
  for await (const line of lines) {
    // Most lines contain none of the ids. Parsing every line of a long log would take minutes.
    if (!ids.some((id) => line.includes(id))) continue;
    const fields = objectIn(line);
    if (fields === undefined || !Object.values(fields).some((value) => idSet.has(value))) continue;
    const parsed = toLine(fields);
    if (Number.isNaN(parsed.timestamp)) continue;
    if (selected.length < maxLines) selected.push(parsed);
    else omitted += 1;
  }
  return { lines: selected.toSorted((one, other) => one.timestamp - other.timestamp), omitted };
};

/** Whether the line is a read request with an answer below 500. An open page sends such a request every second. */
export const isReadRequest = ({ message, level, fields }: LogLine): boolean =>
  message === 'request' && level === 'info' && ['GET', 'HEAD'].includes(text(fields['method']));

export const traceIdsIn = (lines: readonly LogLine[]): string[] => [
  ...new Set(lines.map(({ fields }) => text(fields['traceId'])).filter((id) => id !== '')),
];

/** Fields that the heading or the rest of the line already shows. */
const shownFields = new Set([
  ...['timestamp', 'level', 'message', 'service', 'correlationId', 'traceId', 'orderId', 'subject'],
  ...['topic', 'partition', 'offset'],
]);
const maxValue = 160;

const formatValue = (value: unknown): string => {
  // Only the message of an error is shown; the log and --json contain the stack trace.
  const content = isObject(value) && typeof value['message'] === 'string' ? value['message'] : value;
  const rendered = typeof content === 'string' ? content : JSON.stringify(content);
  return rendered.length > maxValue ? `${rendered.slice(0, maxValue)}…` : rendered;
};

/** One line per log line, with the time since `timeOrigin`. */
export const formatLines = (lines: readonly LogLine[], timeOrigin: number): string[] => {
  const width = Math.max(0, ...lines.map(({ service }) => service.length));
  return lines.map(({ timestamp, service, level, message, fields }) => {
    const otherFields = Object.entries(fields)
      .filter(([name]) => !shownFields.has(name))
      .map(([name, value]) => `${name}=${formatValue(value)}`)
      .join(' ');
    const when = `${(timestamp - timeOrigin).toFixed(0)} ms`.padStart(11);
    return `${when}   ${service.padEnd(width)}   ${level.padEnd(5)}   ${message}   ${otherFields}`.trimEnd();
  });
};
