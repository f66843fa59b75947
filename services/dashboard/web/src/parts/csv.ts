// A table as a file for a spreadsheet (RFC 4180).

/** A text that begins like a formula would be run by a spreadsheet; an apostrophe before it makes it text. */
const cellOf = (value: string | number | null): string => {
  if (typeof value === 'number') return String(value);
  const text = value === null ? '' : /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export const toCsv = (rows: readonly (readonly (string | number | null)[])[]): string =>
  rows.map((cells) => `${cells.map(cellOf).join(',')}\r\n`).join('');

/** Lets the browser save the rows under `<name>.csv`. */
export const saveAsCsv = (name: string, rows: readonly (readonly (string | number | null)[])[]): void => {
  // The mark tells spreadsheets that the text is UTF-8.
  const url = URL.createObjectURL(new Blob(['\uFEFF', toCsv(rows)], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name}.csv`;
  link.click();
  URL.revokeObjectURL(url);
};
