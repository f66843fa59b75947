// Each deliberate bug must still match the code that it changes; otherwise `npm run test:mutations` would stop halfway.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mutations } from './deliberate-bugs.ts';

describe('a deliberate bug', () => {
  it.each(mutations)('matches the code: $bug', ({ file, from, to }) => {
    const code = readFileSync(join(import.meta.dirname, '..', '..', file), 'utf8');
    expect(code.split(from)).toHaveLength(2);
    expect(to).not.toBe(from);
  });
});
