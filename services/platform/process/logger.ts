// Structured logs: one JSON object per line on stdout.
// The invariant: no credential and no card data reaches a log, at any depth. Every line passes the same redaction, so no
// call site has to redact.
import { createLogger as createWinstonLogger, format, transports } from 'winston';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
export type LogFields = Readonly<Record<string, unknown>>;

/** `fields` become members of the JSON object. */
export interface Logger {
  readonly error: (message: string, fields?: LogFields) => void;
  readonly warn: (message: string, fields?: LogFields) => void;
  readonly info: (message: string, fields?: LogFields) => void;
  readonly debug: (message: string, fields?: LogFields) => void;
  /** A logger that adds `fields` to every line. */
  readonly child: (fields: LogFields) => Logger;
}

export const redacted = '[redacted]';

const secretWords = [
  'token',
  'password',
  'passwd',
  'passphrase',
  'authorization',
  'secret',
  'credential',
  'cookie',
  'cardnumber',
  'privatekey',
  'apikey',
];
const secretNames = new Set(['pan', 'cvc', 'cvv', 'jwt']);

const isSecret = (key: string): boolean => {
  const name = key.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return secretNames.has(name) || secretWords.some((word) => name.includes(word));
};

/** Redacts credentials inside text: an error message can quote a header, and a stack can quote a connection string. */
export const withoutCredentials = (text: string): string =>
  text
    .replaceAll(/\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*)?/g, redacted)
    .replaceAll(/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${redacted}`)
    .replaceAll(/(:\/\/[^\s:/@]*:)[^\s/@]+@/g, `$1${redacted}@`)
    // Tokens of the payment provider: the message of a failed query quotes its parameters.
    .replaceAll(/tok_[A-Za-z0-9_]+/g, redacted);

const maximumDepth = 12;

/**
 * A redacted copy of any value, in a form that JSON can represent. Errors keep name, message, stack, cause, the errors of
 * an AggregateError, and their enumerable properties, such as `code`. Cycles and excessive depth are cut, so that logging never throws.
 */
export const redact = (value: unknown, ancestors: readonly object[] = []): unknown => {
  if (typeof value === 'string') return withoutCredentials(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (ancestors.includes(value)) return '[circular]';
  if (ancestors.length >= maximumDepth) return '[too deep]';
  const path = [...ancestors, value];
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL) return withoutCredentials(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((entry: unknown) => redact(entry, path));
  if (value instanceof Set) return [...value].map((entry: unknown) => redact(entry, path));
  if (value instanceof Map)
    return redactEntries(
      [...value].map(([key, entry]) => [String(key), entry]),
      path,
    );
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    const own = Object.entries(value).filter(([key]) => key !== 'cause' && key !== 'name');
    const errors: readonly unknown[] = value instanceof AggregateError ? value.errors : [];
    return {
      name,
      message: withoutCredentials(message),
      ...redactEntries(own, path),
      ...(stack === undefined ? {} : { stack: withoutCredentials(stack) }),
      ...(cause === undefined ? {} : { cause: redact(cause, path) }),
      ...(errors.length === 0 ? {} : { errors: redact(errors, path) }),
    };
  }
  return redactEntries(Object.entries(value), path);
};

const redactEntries = (entries: readonly (readonly [string, unknown])[], path: readonly object[]) =>
  Object.fromEntries(entries.map(([key, entry]) => [key, isSecret(key) ? redacted : redact(entry, path)]));

// Changes `info` in place, because winston keeps its own state in symbol properties.
const redaction = format((info) => {
  for (const [key, value] of Object.entries(info)) info[key] = isSecret(key) ? redacted : redact(value);
  return info;
});

interface LoggerOptions {
  readonly service: string;
  readonly level: LogLevel;
  /** stdout when absent. */
  readonly stream?: NodeJS.WritableStream;
}

/** Every line has timestamp, level, message, service and the given fields. */
export const createLogger = ({ service, level, stream = process.stdout }: LoggerOptions): Logger => {
  const winston = createWinstonLogger({
    level,
    format: format.combine(redaction(), format.json({ deterministic: false })),
    transports: [new transports.Stream({ stream })],
  });
  const bind = (bound: LogFields): Logger => {
    const write =
      (lineLevel: LogLevel) =>
      (message: string, fields: LogFields = {}): void => {
        if (!winston.isLevelEnabled(lineLevel)) return;
        const reserved = { timestamp: new Date().toISOString(), level: lineLevel, message, service };
        // Spread twice: first for the sequence of the keys, and last so that no other field can overwrite the reserved ones.
        winston.log({ ...reserved, ...bound, ...fields, ...reserved });
      };
    return {
      error: write('error'),
      warn: write('warn'),
      info: write('info'),
      debug: write('debug'),
      child: (fields) => bind({ ...bound, ...fields }),
    };
  };
  return bind({});
};
