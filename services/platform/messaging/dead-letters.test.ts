import { DrizzleQueryError } from 'drizzle-orm/errors';
import { describe, expect, it } from 'vitest';
import { describeError } from './dead-letters.ts';

describe('the stored error of a dead letter', () => {
  const violated = new Error('violates check constraint "stock_not_negative"');

  it('begins with the reason of a failed query and ends with the query', () => {
    const lines = describeError(new DrizzleQueryError('update inventory', ['tok_success'], violated));
    expect(lines).toMatch(/^Error: violates check constraint "stock_not_negative"\n/);
    expect(lines).toMatch(/\nthe query: Error: Failed query: update inventory\n/);
    expect(lines).not.toContain('tok_success');
  });

  it('contains the causes of an error', () => {
    expect(describeError(new Error('cannot be handled', { cause: violated }))).toMatch(
      /^Error: cannot be handled\n[^]*\ncaused by Error: violates check constraint/,
    );
  });
});
