// The Prefer header (RFC 7240). A server may ignore a preference. A malformed or unknown one is skipped and is never an
// error; of a repeated one the first counts.

/** The parts between commas outside quotes; an unterminated quote extends to the end. */
const parts = /(?:[^,"]|"(?:[^"\\]|\\.)*"|".*)+/g;
/** `name` or `name=value`, with the value as a token or in quotes, followed by optional parameters. */
const preference = /^\s*([\w!#$%&'*+.^`|~-]+)\s*(?:=\s*([\w!#$%&'*+.^`|~-]+|"(?:[^"\\]|\\.)*")\s*)?(?:;.*)?$/;

const unquoted = (value: string): string =>
  value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;

/** The value of a preference, '' when it has no value, undefined when it is absent. Repeated headers arrive joined by commas. */
export function preferenceOf(header: string | undefined, name: string): string | undefined {
  for (const [part] of (header ?? '').matchAll(parts)) {
    const [, found, value = ''] = preference.exec(part) ?? [];
    if (found?.toLowerCase() === name) return unquoted(value);
  }
  return undefined;
}

/** Seconds of `Prefer: wait=N`, at most `maximum`; undefined when it is absent or not a whole number. */
export function preferredWait(header: string | undefined, maximum: number): number | undefined {
  const value = preferenceOf(header, 'wait');
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), maximum) : undefined;
}
