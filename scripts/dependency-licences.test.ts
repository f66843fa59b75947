import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { licenceComplaints } from './dependency-licences.ts';

const complaintsAbout = (license?: string): readonly string[] =>
  licenceComplaints({ 'node_modules/it': { version: '1.0.0', ...(license !== undefined && { license }) } });

describe('the licences of the dependencies', () => {
  it.each(['MIT', '(MIT OR GPL-3.0-only)', 'Apache-2.0 AND MIT'])('%s is allowed', (licence) => {
    expect(complaintsAbout(licence)).toEqual([]);
  });

  it.each([
    'GPL-3.0-only',
    'BUSL-1.1',
    'SEE LICENSE IN LICENSE.md',
    'UNLICENSED',
    'MIT AND GPL-3.0-only',
    '(MIT OR GPL-2.0-only) AND SSPL-1.0',
    '',
  ])('%s is not', (licence) => {
    expect(complaintsAbout(licence)).toEqual([`node_modules/it@1.0.0 has the licence ${licence}`]);
  });

  it('a package that declares none was read by hand, in that version, or is not allowed', () => {
    expect(complaintsAbout()).toEqual(['node_modules/it@1.0.0 has no declared licence']);
    const path = 'node_modules/@kafkajs/confluent-schema-registry';
    expect(licenceComplaints({ [path]: { version: '4.1.0' } })).toEqual([]);
    expect(licenceComplaints({ [path]: { version: '4.2.0' } })).toHaveLength(1);
  });

  it('are all allowed', () => {
    const { packages } = JSON.parse(
      readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8'),
    );
    expect(Object.keys(packages).length).toBeGreaterThan(100);
    expect(licenceComplaints(packages)).toEqual([]);
  });
});
