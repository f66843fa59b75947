// From a text column to a union type. The column's CHECK constraint or its only writer guarantees the value; should that
// guarantee ever break, the row fails loudly here instead of travelling on under a type it does not have.

/** A reader of texts that must be one of `values`. */
export const oneOf =
  <T extends string>(...values: readonly T[]) =>
  (text: string): T => {
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) throw new Error(`"${text}" is none of ${values.join(', ')}`);
    return value;
  };
