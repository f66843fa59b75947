import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCountdown,
  formatDuration,
  formatMoney,
  formatRelative,
  shortId,
} from './format.ts';

describe('money', () => {
  it.each([
    ['EUR', 4_070, '€40.70'],
    ['JPY', 4_070, '¥4,070'],
    ['KWD', 4_070, 'KWD 4.070'],
    ['EUR', 0, '€0.00'],
    ['EUR', 100_000_000_000, '€1,000,000,000.00'],
  ])('in %s is formatted with the decimals of the currency', (currency, amountMinor, text) => {
    expect(formatMoney({ amountMinor, currency }, 'en-US').replaceAll('\u00a0', ' ')).toBe(text);
  });
});

describe('a countdown', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  it.each([
    ['2026-01-01T00:30:00Z', '30:00'],
    ['2026-01-01T00:00:59.100Z', '1:00'],
    ['2026-01-01T00:00:00.400Z', '0:01'],
    ['2025-12-31T23:59:00Z', '0:00'],
  ])('until %s is %s', (until, text) => {
    expect(formatCountdown(until, now)).toBe(text);
  });
});

it.each([
  [61.4, '61 ms'],
  [4_249, '4.2 s'],
  [180_000, '3 min'],
  [5_400_000, '1 h 30 min'],
])('formats %s ms as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

it('formats a relative time in the largest unit that fits', () => {
  const now = Date.parse('2026-01-02T00:00:00Z');
  expect(formatRelative('2026-01-01T23:58:30Z', now)).toBe('1 minute ago');
  expect(formatRelative('2026-01-01T00:00:00Z', now)).toBe('yesterday');
});

it('shortens only long ids', () => {
  expect(shortId('01a21536-3d55-72a6-ba53-351e4ac87983')).toBe('01a21536…7983');
  expect(shortId('ceramic-mug')).toBe('ceramic-mug');
});

describe('a size', () => {
  it.each([
    [0, '0 B'],
    [512, '512 B'],
    [1_500, '1.5 kB'],
    [123_456_789, '123 MB'],
    [4e15, '4000 TB'],
  ])('of %d bytes is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
