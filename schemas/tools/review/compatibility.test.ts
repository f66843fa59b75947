// Compares the verdict on every kind of change with the result of avsc, which reads the bytes in both directions.
import { describe, expect, it } from 'vitest';
import { kindsOfChange, parcel } from './changes.ts';
import { judge, combinedVerdict, verdictOf } from './compatibility.ts';
import { review } from './differences.ts';
import { misreading, samplesOf, typeOf } from '../golden.ts';
import type { EventSchema } from '../event-schema.ts';

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
  it(`is ${onBytes} when avsc reads the bytes`, () => {
    expect(verdictOf(reads(after, parcel), reads(parcel, after))).toBe(onBytes);
  });
  it('has a finding with a remedy for each obstacle, and no other remedy', () => {
    const { findings, backward, forward } = review(parcel, after);
    const explained = findings.flatMap((finding) => [...finding.backward, ...finding.forward]);
    expect(new Set(explained)).toEqual(new Set([...backward, ...forward]));
    for (const finding of findings)
      expect(finding.remedy !== undefined).toBe(finding.backward.length + finding.forward.length > 0);
  });
  it.runIf(verdict === 'FULL')('keeps the meaning of every value', () => {
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
  ] as const)('%j is %s', (verdicts, combined) => {
    expect(combinedVerdict(verdicts)).toBe(combined);
  });
});

describe('misreading', () => {
  it('reports bytes that can be read but have another meaning', () => {
    const seconds = samplesOf(parcel).map(({ value, bytes }) => ({
      value: { ...Object(value), handedOverAt: '2026-01-01T10:00:00.000Z' },
      bytes,
    }));
    expect(misreading(parcel, parcel, seconds)).toMatch(
      /^handedOverAt is read as .* instead of "2026-01-01T10:00:00.000Z"/,
    );
  });
});
