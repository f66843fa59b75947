// The log lines of a story, out of the logs of all parts: each line of a service is one JSON object, and one that has one of
// the story's ids in a field of its own belongs to it. What is read is a stream, and what is kept of it is bounded.
import { isObject } from '../../schemas/tools/json.ts';

export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly service: string;
  readonly level: string;
  readonly message: string;
  /** The line as it was written. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface FoundLines {
  readonly lines: readonly LogLine[];
  /** Lines of the story beyond those that are kept. */
  readonly left: number;
}

const maxLines = 2_000;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The JSON object of a line, also behind the prefix that `docker compose logs` puts before it; undefined for any other line. */
const objectIn = (line: string): Readonly<Record<string, unknown>> | undefined => {
  const begin = line.indexOf('{');
  if (begin === -1) return undefined;
  try {
    const value: unknown = JSON.parse(line.slice(begin));
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

/** The lines that name one of the ids, earliest first. */
export const linesAbout = async (
  lines: AsyncIterable<string> | Iterable<string>,
  ids: readonly string[],
): Promise<FoundLines> => {
  const wanted = new Set<unknown>(ids);
  const found: LogLine[] = [];
  let left = 0;
  for await (const line of lines) {
    // Parsing every line of a long log would take minutes; most name none of the ids anywhere.
    if (!ids.some((id) => line.includes(id))) continue;
    const fields = objectIn(line);
    if (fields === undefined || !Object.values(fields).some((value) => wanted.has(value))) continue;
    const parsed = toLine(fields);
    if (Number.isNaN(parsed.at)) continue;
    if (found.length < maxLines) found.push(parsed);
    else left += 1;
  }
  return { lines: found.toSorted((one, other) => one.at - other.at), left };
};

/** Whether somebody has only looked, with success: a page that is open looks every second. */
export const isLook = ({ message, level, fields }: LogLine): boolean =>
  message === 'request' && level === 'info' && ['GET', 'HEAD'].includes(text(fields['method']));

/** Traces that the lines name. */
export const traceIdsIn = (lines: readonly LogLine[]): string[] => [
  ...new Set(lines.map(({ fields }) => text(fields['traceId'])).filter((id) => id !== '')),
];

/** Told in the heading, or by the rest of the line. */
const known = new Set([
  ...['timestamp', 'level', 'message', 'service', 'correlationId', 'traceId', 'orderId', 'subject'],
  ...['topic', 'partition', 'offset'],
]);
const maxValue = 160;

const shown = (value: unknown): string => {
  // Of an error a person wants the sentence first; the stack is in the log and in --json.
  const said = isObject(value) && typeof value['message'] === 'string' ? value['message'] : value;
  const written = typeof said === 'string' ? said : JSON.stringify(said);
  return written.length > maxValue ? `${written.slice(0, maxValue)}…` : written;
};

/** A line per log line, with the time since `zero`. */
export const formatLines = (lines: readonly LogLine[], zero: number): string[] => {
  const width = Math.max(0, ...lines.map(({ service }) => service.length));
  return lines.map(({ at, service, level, message, fields }) => {
    const rest = Object.entries(fields).filter(([name]) => !known.has(name));
    const about = rest.map(([name, value]) => `${name}=${shown(value)}`).join(' ');
    const when = `${(at - zero).toFixed(0)} ms`.padStart(11);
    return `${when}   ${service.padEnd(width)}   ${level.padEnd(5)}   ${message}   ${about}`.trimEnd();
  });
};
