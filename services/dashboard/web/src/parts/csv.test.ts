import { expect, test } from 'vitest';
import { toCsv } from './csv.ts';

test('quotes separators, quotes and line breaks', () => {
  expect(toCsv([['a', 'b, c', 'say "hi"', 'two\nlines', 3, null]])).toBe(
    'a,"b, c","say ""hi""","two\nlines",3,\r\n',
  );
});

test('escapes text that starts like a formula', () => {
  expect(toCsv([['=HYPERLINK("x")', '+1', '-1', '@a', -1]])).toBe(
    '"\'=HYPERLINK(""x"")",\'+1,\'-1,\'@a,-1\r\n',
  );
});
