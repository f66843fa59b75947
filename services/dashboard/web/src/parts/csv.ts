// CSV export (RFC 4180).

/** Spreadsheets evaluate text that starts like a formula. A leading apostrophe prevents that. */
const cellOf = (value: string | number | null): string => {
  if (typeof value === 'number') return String(value);
  const text = value === null ? '' : /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export const toCsv = (rows: readonly (readonly (string | number | null)[])[]): string =>
  rows.map((cells) => `${cells.map(cellOf).join(',')}\r\n`).join('');

/** Downloads the rows as `<name>.csv`. */
export const saveAsCsv = (name: string, rows: readonly (readonly (string | number | null)[])[]): void => {
  // The byte order mark makes spreadsheets read the file as UTF-8.
  const url = URL.createObjectURL(new Blob(['\uFEFF', toCsv(rows)], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name}.csv`;
  link.click();
  URL.revokeObjectURL(url);
};
