// The texts among the parameters of a URL. Pure.

const maxLength = 200;

/**
 * The named parameters, without blank ones. The router parses `?q=42` as a number, so numbers are texts too. A text longer than 200
 * characters is cut.
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
