// The check reports every change of a released version. If only a release file was edited, the lock file shows it. If the lock
// file was edited too, the base revision shows it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { schemasFolder, type EventSchema } from './event-schema.ts';
import { kindsOfChange } from './review/changes.ts';
import { checkContract } from './check.ts';
import { samplesOf } from './golden.ts';
import { rewrittenReleases, type Base } from './history.ts';
import { readContract, readLock, releasesOf, unreleased } from './releases.ts';

const files = new Map(
  readdirSync(schemasFolder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(avsc|json)$/.test(path))
    .map((path) => [path, readFileSync(join(schemasFolder, path), 'utf8')]),
);
const withFile = (path: string, text: string | undefined) => (name: string) =>
  name === path ? text : files.get(name);
const contract = readContract();
const lock = readLock(files.get('released/lock.json'));
const base: Base = {
  name: 'main',
  commit: '0'.repeat(40),
  workingSchemas: contract.workingSchemas,
  releases: contract.releases,
  lock,
};
const firstSchemaFile = 'released/order.created/v1.avsc';

describe('the check of the releases', () => {
  it('accepts complete releases in which every version reads every other version', () => {
    const report = checkContract(contract, schemasFolder, base);
    expect(report.complaints).toEqual([]);
    expect(report.readings).toBeGreaterThan(report.releases);
  });

  it('reports an edited schema', () => {
    const edited = files.get(firstSchemaFile)?.replace('Subject of the customer', 'Name of the customer');
    expect(releasesOf(withFile(firstSchemaFile, edited)).complaints).toEqual([
      'schemas/released/order.created/v1.avsc differs from its release; restore it, and release a new version',
    ]);
  });
  it('reports edited golden bytes', () => {
    const golden = 'released/order.created/v1.golden.json';
    const edited = JSON.stringify([{ value: {}, bytes: 'AAAA' }]);
    expect(releasesOf(withFile(golden, edited)).complaints.join()).toMatch(
      /v1\.golden\.json differs from its release/,
    );
  });
  it('reports a removed file', () => {
    expect(releasesOf(withFile(firstSchemaFile, undefined)).complaints.join()).toMatch(
      /is missing: releases must be kept/,
    );
  });
  it('ignores whitespace', () => {
    const compact = JSON.stringify(JSON.parse(files.get(firstSchemaFile) ?? ''));
    expect(releasesOf(withFile(firstSchemaFile, compact)).complaints).toEqual([]);
  });
  it('reports ids that do not follow the sequence of the releases', () => {
    const swapped = { releases: lock.map((entry, index) => ({ ...entry, id: lock.length - index })) };
    const text = JSON.stringify(swapped);
    expect(releasesOf(withFile('released/lock.json', text)).complaints.join()).toContain(
      `has the id ${lock.length} in`,
    );
  });
});

describe('a comparison with the base', () => {
  it('finds no change in an unchanged contract', () => {
    expect(rewrittenReleases(contract, base, lock)).toEqual([]);
  });
  it('refuses a version that was changed together with the lock file', () => {
    const forged = lock.map((entry) =>
      entry.event === 'order.created' && entry.version === 1 ? { ...entry, schema: 'f'.repeat(64) } : entry,
    );
    expect(rewrittenReleases(contract, base, forged)).toEqual([
      'order.created v1 differs from its release in main; restore it, and release a new version',
    ]);
  });
  it('refuses a version that was removed together with its lock entry', () => {
    const last = lock.at(-1);
    expect(rewrittenReleases(contract, base, lock.slice(0, -1))).toEqual([
      `${last?.event} v${last?.version} was released with the id ${last?.id} in main and is missing from the lock file`,
    ]);
  });
});

describe('a working version', () => {
  const orderCreated = contract.workingSchemas.find(({ eventType }) => eventType === 'order.created');
  if (orderCreated === undefined) throw new Error('there is no order.created');
  const withWorking = (schema: EventSchema) => ({
    ...contract,
    workingSchemas: contract.workingSchemas.map((known) =>
      known.eventType === schema.eventType ? schema : known,
    ),
  });
  const note = { name: 'giftText', type: 'string', doc: 'Text on the parcel.' };

  it('that is not released is reported, and is checked against the releases', () => {
    const changed = withWorking({
      ...orderCreated,
      fields: [...orderCreated.fields, { ...note, default: '' }],
    });
    expect(unreleased(changed).map(({ eventType }) => eventType)).toEqual(['order.created']);
    expect(checkContract(changed, schemasFolder, base).complaints).toEqual([
      'schemas/order.created.avsc has changes that are not released; run: npm run schemas -- release order.created',
    ]);
  });
  it('that differs only in its documentation needs no release', () => {
    const changed = withWorking({ ...orderCreated, doc: 'Another text.' });
    expect(checkContract(changed, schemasFolder, base).complaints).toEqual([]);
  });
  it('that cannot read a release is refused, and the message names the field', () => {
    const changed = withWorking({ ...orderCreated, fields: [...orderCreated.fields, note] });
    expect(checkContract(changed, schemasFolder, base).complaints[0]).toMatch(
      /^the working version of order\.created cannot read order\.created v1: giftText: the bytes do not have this field/,
    );
  });
  it('that is deleted is refused', () => {
    const withoutOrderCreated = {
      ...contract,
      workingSchemas: contract.workingSchemas.filter((schema) => schema !== orderCreated),
    };
    expect(checkContract(withoutOrderCreated, schemasFolder, base).complaints).toEqual([
      'schemas/order.created.avsc is missing, but order.created was released, and consumers still read its records; restore the file from Git',
    ]);
  });
});

describe('the golden bytes of a schema', () => {
  it('are deterministic, and contain every symbol of an enum', () => {
    const all = contract.workingSchemas.map((schema) => samplesOf(schema));
    expect(all).toEqual(contract.workingSchemas.map((schema) => samplesOf(schema)));
    const cancelled = contract.workingSchemas.find(({ eventType }) => eventType === 'order.cancelled');
    if (cancelled === undefined) throw new Error('there is no order.cancelled');
    const text = JSON.stringify(samplesOf(cancelled));
    const reason = cancelled.fields.find(({ name }) => name === 'reason')?.type;
    const symbols = typeof reason === 'object' && 'symbols' in reason ? (reason.symbols ?? []) : [];
    expect(symbols.length).toBeGreaterThan(1);
    for (const symbol of symbols) expect(text).toContain(`"reason":"${symbol}"`);
  });
});

it('the table of changes names each kind once', () => {
  expect(new Set(kindsOfChange.map(({ name }) => name)).size).toBe(kindsOfChange.length);
});
