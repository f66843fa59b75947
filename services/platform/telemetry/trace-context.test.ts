import { describe, expect, it } from 'vitest';
import {
  childOf,
  continueTrace,
  formatTraceparent,
  newTrace,
  parseTraceparent,
  randomSpanId,
  randomTraceId,
} from './trace-context.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const valid = `00-${traceId}-${spanId}-01`;

describe('traceparent', () => {
  it('is parsed', () => {
    expect(parseTraceparent(valid)).toEqual({ traceId, spanId, sampled: true });
    expect(parseTraceparent(`00-${traceId}-${spanId}-00`)?.sampled).toBe(false);
  });

  it('of a later version is parsed as version 00 and written as 00', () => {
    const later = parseTraceparent(`cc-${traceId}-${spanId}-03-what-the-future-brings`);
    expect(later && formatTraceparent(later)).toBe(valid);
  });

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['upper case', valid.toUpperCase()],
    ['version ff', `ff${valid.slice(2)}`],
    ['version 00 with more fields', `${valid}-more`],
    ['an all-zero trace id', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['an all-zero span id', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['a short trace id', `00-${traceId.slice(1)}-${spanId}-01`],
    ['something else entirely', '"; drop table outbox; --'],
  ])('is refused: %s', (_, header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  it('of a child keeps the trace and the sampling and has its own span; an invalid parent has no child', () => {
    expect(childOf(valid, 'aaaaaaaaaaaaaaaa')).toBe(`00-${traceId}-aaaaaaaaaaaaaaaa-01`);
    expect(childOf(`00-${traceId}-${spanId}-00`, 'aaaaaaaaaaaaaaaa')).toBe(
      `00-${traceId}-aaaaaaaaaaaaaaaa-00`,
    );
    expect(childOf('nonsense', 'aaaaaaaaaaaaaaaa')).toBeUndefined();
  });

  it('is continued when it is valid, and replaced by a new trace when it is not', () => {
    expect(parseTraceparent(continueTrace(valid))?.traceId).toBe(traceId);
    expect(continueTrace(valid)).not.toBe(continueTrace(valid));
    expect(parseTraceparent(continueTrace('nonsense'))?.sampled).toBe(true);
    expect(continueTrace(undefined)).not.toContain(traceId);
  });

  it('of a new trace has the given ids, and random ids are valid ids', () => {
    expect(newTrace(traceId, spanId)).toBe(valid);
    expect(randomTraceId()).toMatch(/^[0-9a-f]{32}$/);
    expect(randomSpanId()).toMatch(/^[0-9a-f]{16}$/);
  });
});
