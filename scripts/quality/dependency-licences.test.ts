import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jarLicences, licenceComplaints } from './dependency-licences.ts';

const complaintsFor = (license?: string): readonly string[] =>
  licenceComplaints({ 'node_modules/it': { version: '1.0.0', ...(license !== undefined && { license }) } });

describe('the licences of the dependencies', () => {
  it.each(['MIT', '(MIT OR GPL-3.0-only)', 'Apache-2.0 AND MIT'])('can include %s', (licence) => {
    expect(complaintsFor(licence)).toEqual([]);
  });

  it.each([
    'GPL-3.0-only',
    'BUSL-1.1',
    'SEE LICENSE IN LICENSE.md',
    'UNLICENSED',
    'MIT AND GPL-3.0-only',
    '(MIT OR GPL-2.0-only) AND SSPL-1.0',
    '',
  ])('must not include %j', (licence) => {
    expect(complaintsFor(licence)).toEqual([`node_modules/it@1.0.0 has the licence ${licence}`]);
  });

  it('must be declared, except in a version of a package that was reviewed by hand', () => {
    expect(complaintsFor()).toEqual(['node_modules/it@1.0.0 has no declared licence']);
    const path = 'node_modules/@kafkajs/confluent-schema-registry';
    expect(licenceComplaints({ [path]: { version: '4.1.0' } })).toEqual([]);
    expect(licenceComplaints({ [path]: { version: '4.2.0' } })).toHaveLength(1);
  });

  it('in package-lock.json are all allowed', () => {
    const { packages } = JSON.parse(
      readFileSync(join(import.meta.dirname, '..', '..', 'package-lock.json'), 'utf8'),
    );
    expect(Object.keys(packages).length).toBeGreaterThan(100);
    expect(licenceComplaints(packages)).toEqual([]);
  });
});

describe('the licences of the jars', () => {
  const pluginOutput = (...lines: readonly string[]): string =>
    [
      '',
      `Lists of ${lines.length} third-party dependencies.`,
      ...lines.map((line) => `     ${line}`),
      '',
    ].join('\n');
  const url = 'https://example.org/it (old)';

  it.each([
    `(The Apache Software License, Version 2.0) Jackson datatype: jdk8 (com.fasterxml:it:2.21.2 - ${url})`,
    `(Apache License Version 2.0) Registry :: App (io.apicurio:it:3.3.3 - ${url})`,
    `(The MIT License (MIT)) ClassGraph (io.github:it:4.8 - ${url})`,
    `(GPL2 w/ CPE) (EPL 2.0) Jakarta Servlet (jakarta:it:6.0.0 - ${url})`,
    `(COMMON DEVELOPMENT AND DISTRIBUTION LICENSE (CDDL) Version 1.0) JavaBeans(TM) (javax:it:1.1.1 - ${url})`,
  ])('are allowed in the line: %s', (line) => {
    expect(jarLicences(pluginOutput(line))).toEqual({ jars: 1, complaints: [] });
  });

  it.each([
    ['(GPL-3.0) It (a:it:1 - u)', 'a:it:1 has the licence GPL-3.0'],
    ['(Unknown license) It (a:it:1 - u)', 'a:it:1 has the licence Unknown license'],
    [
      '(LGPL 2.1) (Confluent Community License) It (a:it:1 - u)',
      'a:it:1 has the licence LGPL 2.1 or Confluent Community License',
    ],
    // This licence only contains the name of an allowed licence.
    ['(Not the Apache License 2.0) It (a:it:1 - u)', 'a:it:1 has the licence Not the Apache License 2.0'],
  ])('are not allowed in the line: %s', (line, complaint) => {
    expect(jarLicences(pluginOutput('(MIT) Other (a:other:1 - u)', line))).toEqual({
      jars: 2,
      complaints: [complaint],
    });
  });

  it('are unknown when Maven lists none or a line cannot be parsed', () => {
    expect(jarLicences('')).toBeUndefined();
    expect(jarLicences(pluginOutput('(MIT) Other (a:other:1 - u)', 'something else'))).toBeUndefined();
  });
});
