import { decodeProtectedHeader } from 'jose';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIssuer, demoUsers } from './identity.ts';
import { loadSigningKeys, planRotation, rotateSigningKeys } from './signing-keys.ts';

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'identity-'));
  file = join(directory, 'kept', 'keys.json');
});
afterEach(() => rm(directory, { recursive: true }));

const mode = async () => (await stat(file)).mode & 0o777;

describe('the signing key', () => {
  it('is created once, readable only by its owner, and survives a restart', async () => {
    const first = await loadSigningKeys(file);
    const second = await loadSigningKeys(file);
    expect(second.kid).toBe(first.kid);
    expect(await mode()).toBe(0o600);
    expect(await readdir(join(directory, 'kept'))).toEqual(['keys.json']);
  });

  it('is the same for processes that start at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => loadSigningKeys(file)));
    expect(new Set(all.map(({ kid }) => kid)).size).toBe(1);
    expect(await readdir(join(directory, 'kept'))).toEqual(['keys.json']);
  });

  it('is made private again when other users can read it', async () => {
    await loadSigningKeys(file);
    await chmod(file, 0o644);
    await loadSigningKeys(file);
    expect(await mode()).toBe(0o600);
  });

  it('is published without its private parameter d', async () => {
    const { jwks, kid } = await loadSigningKeys(file);
    expect(jwks.keys).toHaveLength(1);
    expect(Object.keys(jwks.keys[0] ?? {}).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
    expect(jwks.keys[0]?.kid).toBe(kid);
    expect(await readFile(file, 'utf8')).toContain('"d"');
  });

  it.each(['', '{', '{"keys":[]}', '{"keys":[{"kty":"RSA"}]}'])(
    'in a file that cannot be parsed (%j) prevents the start; the error does not show the content, and the file stays as it is',
    async (content) => {
      await loadSigningKeys(file);
      await writeFile(file, content);
      await expect(loadSigningKeys(file)).rejects.toThrow(/^The signing keys in \S+ cannot be parsed[^{]*$/);
      expect(await readFile(file, 'utf8')).toBe(content);
    },
  );
});

describe('the rotation of the signing key', () => {
  const policy = { renewAfterMs: 1_000, keepMs: 100 };
  const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms);
  const key = (kid: string, ms: number) => ({ kid, createdAt: at(ms).toISOString() });

  it.each([
    ['keeps a fresh key', [key('a', 0)], 999, { renew: false, drop: new Set() }],
    ['replaces an old key', [key('a', 0)], 1_000, { renew: true, drop: new Set() }],
    [
      'keeps a replaced key published',
      [key('b', 1_000), key('a', 0)],
      1_100,
      { renew: false, drop: new Set() },
    ],
    [
      'drops a replaced key once every token signed with it has expired',
      [key('b', 1_000), key('a', 0)],
      1_101,
      { renew: false, drop: new Set(['a']) },
    ],
  ])('%s', (_what, keys, now, plan) => {
    expect(planRotation(keys, at(now), policy)).toEqual(plan);
  });

  it('keeps the previous key published, then drops it; a restart keeps the new key', async () => {
    const first = await loadSigningKeys(file);
    const later = new Date(Date.now() + 5_000);
    const second = await rotateSigningKeys(file, policy, later);
    expect(second.renewed).toBe(true);
    expect(second.jwks.keys.map(({ kid }) => kid)).toEqual([second.kid, first.kid]);
    expect((await loadSigningKeys(file)).kid).toBe(second.kid);
    expect(await mode()).toBe(0o600);
    const third = await rotateSigningKeys(file, policy, new Date(later.getTime() + 500));
    expect(third.jwks.keys.map(({ kid }) => kid)).toEqual([second.kid]);
    expect(await readdir(join(directory, 'kept'))).toEqual(['keys.json']);
  });
});

describe('login', () => {
  const start = async () => {
    const keys = await loadSigningKeys(file);
    return createIssuer({
      issuer: 'http://issuer.example/',
      audience: 'a',
      keys: () => keys,
      users: demoUsers,
    });
  };

  it.each(demoUsers)('gives $email a token that names the key', async ({ email, password }) => {
    const issuer = await start();
    const token = await issuer.login(email, password);
    expect(decodeProtectedHeader(token ?? '')).toEqual({
      alg: 'EdDSA',
      typ: 'JWT',
      kid: issuer.jwks().keys[0]?.kid,
    });
    expect(await issuer.login(` ${email.toUpperCase()} `, password)).toBeDefined();
  });

  it.each([
    ['user@orderflow.io', 'Orderflow'],
    ['user@orderflow.io', ''],
    ['user@orderflow.io', 'orderflow '],
    ['nobody@orderflow.io', 'orderflow'],
    ['', ''],
    ['__proto__', 'orderflow'],
  ])('gives no token for %j with %j', async (email, password) => {
    expect(await (await start()).login(email, password)).toBeUndefined();
  });
});
