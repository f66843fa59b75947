import { describe, expect, it } from 'vitest';
import { lookup, printable } from './text.ts';

const isPrintable = (text: string): boolean => printable(20).safeParse(text).success;

describe('printable text', () => {
  it.each([
    ['a plain name', 'Ceramic mug'],
    ['another script', 'كوب خزفي'],
    ['an emoji of several code points', '👩‍👩‍👧 mug'],
    ['characters outside the Basic Multilingual Plane', '𝕸𝖚𝖌'],
  ])('can be %s', (_what, text) => {
    expect(printable(20).parse(text)).toBe(text);
  });

  it.each([
    ['NUL', 'a\u0000b'],
    ['a line break', 'a\nb'],
    ['a C1 control character', 'a\u0085b'],
    ['a line separator', 'a\u2028b'],
    ['a direction override', 'a\u202egum'],
    ['an isolate', 'a\u2066b'],
    ['an unpaired high surrogate', 'a\ud83d'],
    ['an unpaired low surrogate', '\ude00a'],
    ['spaces only', '   '],
    ['zero-width characters only', '\u200b\u200d\ufeff'],
    ['more characters than the maximum', 'a'.repeat(21)],
  ])('is refused with %s', (_what, text) => {
    expect(isPrintable(text)).toBe(false);
  });

  it('is described by a pattern without Unicode classes', () => {
    expect(() => new RegExp(printable(20).toJSONSchema().pattern ?? 'none')).not.toThrow();
    expect(printable(20).toJSONSchema().pattern).not.toContain('\\p');
  });
});

describe('text for a lookup', () => {
  it('is any text that is not empty and that the database can compare', () => {
    const isLookup = (text: string): boolean => lookup(20).safeParse(text).success;
    expect(isLookup('Error|23514|a\nb')).toBe(true);
    expect(isLookup('a\u0000b')).toBe(false);
    expect(isLookup('a\ud800')).toBe(false);
    expect(isLookup('')).toBe(false);
  });
});
