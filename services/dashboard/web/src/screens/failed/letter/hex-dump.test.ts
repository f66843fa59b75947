import { expect, it } from 'vitest';
import { hexDump } from './hex-dump.ts';

it('shows sixteen bytes per line, and dots for unprintable characters', () => {
  expect(hexDump(btoa('\x00\x00\x00\x00\x29<b>order</b>1234'))).toBe(
    [
      '0000  00 00 00 00 29 3c 62 3e 6f 72 64 65 72 3c 2f 62  ....)<b>order</b',
      '0010  3e 31 32 33 34                                   >1234',
    ].join('\n'),
  );
});

it('ends with the number of omitted bytes', () => {
  expect(hexDump(btoa('x'.repeat(5_000)))).toMatch(/… and 904 bytes more$/);
});

it('is empty for an empty message', () => {
  expect(hexDump('')).toBe('');
});
