// Reads text parameters from a URL. Pure.

const maxLength = 200;

/**
 * The named parameters, without blank ones. The router parses `?q=42` as a number, so a number is converted back to text. A text
 * is cut after 200 characters.
 */
export const textsIn = <Name extends string>(
  search: Readonly<Record<string, unknown>>,
  ...names: readonly Name[]
): Partial<Record<Name, string>> => {
  const texts: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = search[name];
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    if (text.trim() !== '') texts[name] = text.slice(0, maxLength);
  }
  return texts;
};
