import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isFormatted, newClusterId } from './kafka.ts';

test('a cluster id never begins with a dash, which the format command would parse as an option', () => {
  const draws = [Buffer.alloc(16, 0xfb), Buffer.alloc(16, 0xf8), Buffer.alloc(16, 0x10)];
  expect(draws.map((bytes) => bytes.toString('base64url')[0])).toEqual(['-', '-', 'E']);
  expect(newClusterId(() => draws.shift() ?? Buffer.alloc(16))).toBe('EBAQEBAQEBAQEBAQEBAQEA');
});

test('data in another storage format is refused, and the error names the remedy', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'orderflow-kafka-'));
  onTestFinished(() => {
    rmSync(dataDir, { recursive: true });
  });
  expect(isFormatted(dataDir)).toBe(false);
  writeFileSync(join(dataDir, 'formatted'), 'EBAQEBAQEBAQEBAQEBAQEA\n4.2\n');
  expect(isFormatted(dataDir)).toBe(true);
  // The stack with Kafka 4.3 wrote this file without a version.
  writeFileSync(join(dataDir, 'formatted'), 'EBAQEBAQEBAQEBAQEBAQEA\n');
  expect(() => isFormatted(dataDir)).toThrow('npm run reset');
});
