import { expect, test } from 'vitest';
import { newClusterId } from './kafka.ts';

test('no id of a cluster begins with a dash, which the command that formats would take for an option', () => {
  const draws = [Buffer.alloc(16, 0xfb), Buffer.alloc(16, 0xf8), Buffer.alloc(16, 0x10)];
  expect(draws.map((bytes) => bytes.toString('base64url')[0])).toEqual(['-', '-', 'E']);
  expect(newClusterId(() => draws.shift() ?? Buffer.alloc(16))).toBe('EBAQEBAQEBAQEBAQEBAQEA');
});
