import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseMavenVersion } from './artefacts.ts';
import { findJdk, newest, parseJavaVersion } from './java.ts';

describe('parseJavaVersion', () => {
  it.each([
    ['JAVA_VERSION="25.0.3"', 25],
    ['IMPLEMENTOR="x"\nJAVA_VERSION="21"\n', 21],
    ['openjdk version "17.0.12" 2024-07-16', 17],
    ['java version "1.8.0_392"', 8],
    ['openjdk version "26-ea" 2026-03-17', 26],
  ])('reads %j as major %i', (text, major) => {
    expect(parseJavaVersion(text)?.major).toBe(major);
  });

  it('returns undefined for text without a version', () => {
    expect(parseJavaVersion('command not found')).toBeUndefined();
  });
});

describe('findJdk', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'orderflow-java-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const fakeJdk = (name: string, release: string | undefined, script = 'exit 1'): string => {
    const home = join(folder, name);
    mkdirSync(join(home, 'bin'), { recursive: true });
    writeFileSync(join(home, 'bin', 'java'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(home, 'bin', 'java'), 0o755);
    if (release !== undefined) writeFileSync(join(home, 'release'), `JAVA_VERSION="${release}"\n`);
    return home;
  };

  it('prefers a newer JDK from the usual places to an older JDK on the PATH', () => {
    const old = fakeJdk('old', '17.0.1');
    const young = fakeJdk('young', '25.0.1');
    expect(findJdk({ PATH: join(old, 'bin') }, [young])).toMatchObject({ home: young, major: 25 });
  });

  it('runs `java -version` when there is no release file', () => {
    const home = fakeJdk('bare', undefined, `echo 'openjdk version "21.0.4" 2024-07-16' >&2`);
    expect(findJdk({ JAVA_HOME: home, PATH: '' }, []).major).toBe(21);
  });

  it('names the newest JDK found when none is new enough', () => {
    const home = fakeJdk('old', '17.0.1');
    expect(() => findJdk({ JAVA_HOME: home, PATH: '' }, [])).toThrow(
      `a JDK 21 or newer is needed (the newest found is 17.0.1 in ${home}); install one and set JAVA_HOME to it`,
    );
  });

  it('says that no JDK was found', () => {
    expect(() => findJdk({ PATH: '' }, [])).toThrow('none was found');
  });
});

describe('newest', () => {
  it('prefers the first JDK of the highest major version, so that JAVA_HOME wins', () => {
    const jdks = [
      { home: '/a', version: '25.0.1', major: 25 },
      { home: '/b', version: '25.0.3', major: 25 },
    ];
    expect(newest(jdks)?.home).toBe('/a');
  });
});

describe('parseMavenVersion', () => {
  it.each([
    ['Apache Maven 3.8.7', true],
    ['Apache Maven 3.6.3 (cecedd343002696d0abb50b32b541b8a6ba2883f)', false],
    ['Apache Maven 4.0.0-rc-4', true],
  ])('parses %j and decides whether the version is supported: %s', (text, isSupported) => {
    expect(parseMavenVersion(text)?.isSupported).toBe(isSupported);
  });
});
