// The Prefer header (RFC 7240): wishes of a client that a server may leave unfulfilled. A wish that is malformed or unknown
// is skipped and never an error; of one that is given twice, the first counts.

/** What lies between commas; a comma inside of quotes separates nothing, and quotes that never end take all the rest. */
const parts = /(?:[^,"]|"(?:[^"\\]|\\.)*"|".*)+/g;
/** `name`, or `name=value` with the value as a token or in quotes, then perhaps parameters. */
const preference = /^\s*([\w!#$%&'*+.^`|~-]+)\s*(?:=\s*([\w!#$%&'*+.^`|~-]+|"(?:[^"\\]|\\.)*")\s*)?(?:;.*)?$/;

const unquoted = (value: string): string =>
  value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;

/** The value of a preference, '' when it has none, undefined when it is not given. Several headers come joined by commas. */
export function preferenceOf(header: string | undefined, name: string): string | undefined {
  for (const [part] of (header ?? '').matchAll(parts)) {
    const [, found, value = ''] = preference.exec(part) ?? [];
    if (found?.toLowerCase() === name) return unquoted(value);
  }
  return undefined;
}

/** Seconds of `Prefer: wait=N`, at most `maximum`; undefined when it is not given or not a number of seconds. */
export function preferredWait(header: string | undefined, maximum: number): number | undefined {
  const value = preferenceOf(header, 'wait');
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), maximum) : undefined;
}
