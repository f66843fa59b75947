// Finds the log lines of an order. Each line of a service is one JSON object; it belongs to the order when a field of it equals
// one of the order's ids. The number of lines in memory is bounded.
import { isObject } from '../../schemas/tools/json.ts';

export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly service: string;
  readonly level: string;
  readonly message: string;
  /** The whole line. */
  readonly fields: Readonly<Record<string, unknown>>;
}

interface FoundLines {
  readonly lines: readonly LogLine[];
  /** The number of further lines beyond the limit. */
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
  at: Date.parse(text(fields['timestamp'])),
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
  const wanted = new Set<unknown>(ids);
  const found: LogLine[] = [];
  let omitted = 0;
  for await (const line of lines) {
    // Parsing every line of a long log would take minutes, and most lines contain none of the ids.
    if (!ids.some((id) => line.includes(id))) continue;
    const fields = objectIn(line);
    if (fields === undefined || !Object.values(fields).some((value) => wanted.has(value))) continue;
    const parsed = toLine(fields);
    if (Number.isNaN(parsed.at)) continue;
    if (found.length < maxLines) found.push(parsed);
    else omitted += 1;
  }
  return { lines: found.toSorted((one, other) => one.at - other.at), omitted };
};

/** Whether the line is a successful read request: an open page sends one every second. */
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
  // Of an error only the message is shown; the stack is in the log and in --json.
  const content = isObject(value) && typeof value['message'] === 'string' ? value['message'] : value;
  const rendered = typeof content === 'string' ? content : JSON.stringify(content);
  return rendered.length > maxValue ? `${rendered.slice(0, maxValue)}…` : rendered;
};

/** One line per log line, with the time since `zero`. */
export const formatLines = (lines: readonly LogLine[], zero: number): string[] => {
  const width = Math.max(0, ...lines.map(({ service }) => service.length));
  return lines.map(({ at, service, level, message, fields }) => {
    const others = Object.entries(fields)
      .filter(([name]) => !shownFields.has(name))
      .map(([name, value]) => `${name}=${formatValue(value)}`)
      .join(' ');
    const when = `${(at - zero).toFixed(0)} ms`.padStart(11);
    return `${when}   ${service.padEnd(width)}   ${level.padEnd(5)}   ${message}   ${others}`.trimEnd();
  });
};
