// Narrows JSON from outside, so that unexpected JSON fails where it is read and not later.

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
