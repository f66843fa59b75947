// Parses a text column into a union type. A CHECK constraint or the only writer guarantees the value. For any other value, reading
// the row fails.

export const oneOf =
  <T extends string>(...values: readonly T[]) =>
  (text: string): T => {
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) throw new Error(`"${text}" is none of ${values.join(', ')}`);
    return value;
  };
