// Our verdict is only as good as its agreement with what a reader does: every kind of change is judged, and then really
// read, both ways, on bytes.
import { describe, expect, it } from 'vitest';
import { kindsOfChange, parcel } from './changes.ts';
import { judge, leastOf, verdictOf } from './compatibility.ts';
import { review } from './differences.ts';
import { misreading, samplesOf, typeOf } from '../golden.ts';
import type { EventSchema } from '../generate-events.ts';

const reads = (reader: EventSchema, writer: EventSchema): boolean => {
  try {
    const type = typeOf(reader);
    const resolver = type.createResolver(typeOf(writer));
    for (const { bytes } of samplesOf(writer)) type.fromBuffer(Buffer.from(bytes, 'base64'), resolver);
    return true;
  } catch {
    return false;
  }
};

describe.each(kindsOfChange)('to $name', ({ change, verdict, onBytes = verdict }) => {
  const after = change(parcel);
  it(`is ${verdict}`, () => {
    expect(judge(parcel, after).verdict).toBe(verdict);
  });
  it('is what a reader makes of the bytes', () => {
    expect(verdictOf(reads(after, parcel), reads(parcel, after))).toBe(onBytes);
  });
  it('says why it breaks what it breaks, with what to do instead, and breaks nothing else', () => {
    const { findings, backward, forward } = review(parcel, after);
    const explained = findings.flatMap((finding) => [...finding.backward, ...finding.forward]);
    expect(new Set(explained)).toEqual(new Set([...backward, ...forward]));
    for (const finding of findings)
      expect(finding.remedy !== undefined).toBe(finding.backward.length + finding.forward.length > 0);
  });
  it.runIf(verdict === 'FULL')('lets every value mean what it meant', () => {
    expect(misreading(after, parcel, samplesOf(parcel))).toBeUndefined();
    expect(misreading(parcel, after, samplesOf(after))).toBeUndefined();
  });
});

describe('a verdict over several versions', () => {
  it.each([
    [['FULL', 'FULL'], 'FULL'],
    [['FULL', 'BACKWARD'], 'BACKWARD'],
    [['FORWARD', 'FULL'], 'FORWARD'],
    [['BACKWARD', 'FORWARD'], 'NONE'],
    [[], 'FULL'],
  ] as const)('%j is %s', (verdicts, least) => {
    expect(leastOf(verdicts)).toBe(least);
  });
});

describe('reading golden bytes', () => {
  it('notices bytes that are read and mean something else', () => {
    const seconds = samplesOf(parcel).map(({ value, bytes }) => ({
      value: { ...Object(value), at: '2026-01-01T10:00:00.000Z' },
      bytes,
    }));
    expect(misreading(parcel, parcel, seconds)).toMatch(
      /^at is read as .* instead of "2026-01-01T10:00:00.000Z"/,
    );
  });
});
