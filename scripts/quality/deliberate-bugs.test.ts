// Each deliberate bug still fits the code it is to break; otherwise the proof that the suite can fail would end halfway.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mutations } from './deliberate-bugs.ts';

describe('a deliberate bug', () => {
  it.each(mutations)('fits: $bug', ({ file, from, to }) => {
    const code = readFileSync(join(import.meta.dirname, '..', '..', file), 'utf8');
    expect(code.split(from)).toHaveLength(2);
    expect(to).not.toBe(from);
  });
});
