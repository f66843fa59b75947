// Text tables for the terminal.

/** Pads the cells of each column to one width: numbers to the right, text to the left. The first row is the heading. */
export const alignColumns = (
  rows: readonly (readonly string[])[],
  isNumber: (column: number) => boolean,
): string[] => {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return isNumber(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('   ')
      .trimEnd(),
  );
};
