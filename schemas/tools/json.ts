// Narrowing of JSON from outside, so that a reply of another shape is an error where it is read, not later.

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
