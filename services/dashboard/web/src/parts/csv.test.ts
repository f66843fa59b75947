import { expect, test } from 'vitest';
import { toCsv } from './csv.ts';

test('quotes what a reader of CSV would take for structure', () => {
  expect(toCsv([['a', 'b, c', 'say "hi"', 'two\nlines', 3, null]])).toBe(
    'a,"b, c","say ""hi""","two\nlines",3,\r\n',
  );
});

test('a name that begins like a formula stays text in a spreadsheet', () => {
  expect(toCsv([['=HYPERLINK("x")', '+1', '-1', '@a', -1]])).toBe(
    '"\'=HYPERLINK(""x"")",\'+1,\'-1,\'@a,-1\r\n',
  );
});
