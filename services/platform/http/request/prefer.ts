// The Prefer header (RFC 7240). A server may ignore preferences: a malformed or unknown preference is skipped and is never an
// error. When a preference is repeated, the first one counts.

/** The elements between commas outside quotes; an unterminated quote extends to the end. */
const elements = /(?:[^,"]|"(?:[^"\\]|\\.)*"|".*)+/g;
/** `name` or `name=value`, with the value as a token or in quotes, followed by optional parameters. */
const preference = /^\s*([\w!#$%&'*+.^`|~-]+)\s*(?:=\s*([\w!#$%&'*+.^`|~-]+|"(?:[^"\\]|\\.)*")\s*)?(?:;.*)?$/;

const unquoted = (value: string): string =>
  value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;

/** The value of a preference, '' when it has no value, undefined when it is absent. Repeated headers arrive joined by commas. */
export function preferenceOf(header: string | undefined, name: string): string | undefined {
  for (const [element] of (header ?? '').matchAll(elements)) {
    const [, found, value = ''] = preference.exec(element) ?? [];
    if (found?.toLowerCase() === name) return unquoted(value);
  }
  return undefined;
}

/** Seconds of `Prefer: wait=N`, at most `maximum`; undefined when it is absent or not a whole number. */
export function preferredWait(header: string | undefined, maximum: number): number | undefined {
  const value = preferenceOf(header, 'wait');
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), maximum) : undefined;
}
