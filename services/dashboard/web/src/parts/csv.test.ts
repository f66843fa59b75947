import { expect, test } from 'vitest';
import { toCsv } from './csv.ts';

test('quotes cells that contain a comma, a double quote or a line break', () => {
  expect(toCsv([['a', 'b, c', 'say "hi"', 'two\nlines', 3, null]])).toBe(
    'a,"b, c","say ""hi""","two\nlines",3,\r\n',
  );
});

test('puts an apostrophe before text that a spreadsheet would run as a formula', () => {
  expect(toCsv([['=HYPERLINK("x")', '+1', '-1', '@a', -1]])).toBe(
    '"\'=HYPERLINK(""x"")",\'+1,\'-1,\'@a,-1\r\n',
  );
});
