// The built-in identity issuer for development: demo users, one signing key, JWKS and OIDC discovery.
// The invariant: the private key never leaves this process and its 0600 file, and survives restarts.
// Without the persisted key every restart of the dashboard would sign everybody out of every service.
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  SignJWT,
  type CryptoKey,
  type JWK,
} from 'jose';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { Role } from '../platform/permissions.ts';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly roles: readonly Role[];
}

/** Public knowledge, hence for development only: the composition root refuses them in production. */
export const demoUsers: readonly User[] = [
  { id: 'user-customer-001', email: 'user@orderflow.io', password: 'orderflow', roles: ['USER'] },
  { id: 'user-customer-002', email: 'user2@orderflow.io', password: 'orderflow', roles: ['USER'] },
  { id: 'user-seller-001', email: 'seller@orderflow.io', password: 'orderflow', roles: ['SELLER'] },
  { id: 'user-seller-002', email: 'seller2@orderflow.io', password: 'orderflow', roles: ['SELLER'] },
  { id: 'user-admin-001', email: 'admin@orderflow.io', password: 'orderflow', roles: ['ADMIN'] },
];

/** Seconds. */
export const tokenLifetime = 3600;

const algorithm = 'EdDSA';
const privateKeySchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
  kid: z.string(),
});
/** The first key signs; all are published, so that a key can be replaced while its tokens are still around. */
const keysFileSchema = z.object({ keys: z.array(privateKeySchema).min(1) });

export interface SigningKeys {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** Public parts only. */
  readonly jwks: { readonly keys: readonly JWK[] };
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** Publishes the file under its name in one step and never replaces one: of two that begin at once, one wins. */
const createKeysFile = async (file: string): Promise<void> => {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const kid = await calculateJwkThumbprint(await exportJWK(publicKey));
  const content = JSON.stringify({ keys: [{ ...(await exportJWK(privateKey)), kid }] }, null, 2);
  await mkdir(dirname(file), { recursive: true });
  const draft = join(dirname(file), `.keys-${randomBytes(8).toString('hex')}`);
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${content}\n`);
    await handle.sync();
    await link(draft, file);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await handle.close();
    await unlink(draft);
  }
};

const readKeysFile = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
};

const parseKeys = (text: string, file: string) => {
  try {
    return keysFileSchema.parse(JSON.parse(text)).keys;
  } catch {
    // Without the cause, which would quote the private key.
    throw new Error(`The identity keys in ${file} are damaged; remove the file to begin with a new key.`);
  }
};

/** Reads the signing keys, making them first if there is no file; tightens its mode to 0600. */
export const loadSigningKeys = async (file: string): Promise<SigningKeys> => {
  let text = await readKeysFile(file);
  if (text === undefined) {
    await createKeysFile(file);
    text = await readFile(file, 'utf8');
  }
  if (((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600);
  const keys = parseKeys(text, file);
  const [signing] = keys;
  if (signing === undefined) throw new Error(`There is no key in ${file}.`);
  const privateKey = await importJWK(signing, algorithm);
  if (privateKey instanceof Uint8Array) throw new Error(`The key in ${file} is not a private key.`);
  const published = keys.map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid, alg: algorithm, use: 'sig' }));
  return { kid: signing.kid, privateKey, jwks: { keys: published } };
};

export interface Issuer {
  readonly jwks: SigningKeys['jwks'];
  /** The OIDC discovery document. */
  readonly discovery: Readonly<Record<string, unknown>>;
  /** A signed access token, or undefined when e-mail and password do not belong together. */
  readonly login: (email: string, password: string) => Promise<string | undefined>;
}

export interface IssuerOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: SigningKeys;
  readonly users: readonly User[];
}

export const createIssuer = ({ issuer, audience, keys, users }: IssuerOptions): Issuer => {
  // Digests of equal length under a key of this process: comparing takes the same time whatever is compared.
  const pepper = randomBytes(32);
  const digest = (text: string): Buffer => createHmac('sha256', pepper).update(text).digest();
  const digests = users.map((user) => ({ user, email: digest(user.email), password: digest(user.password) }));

  const find = (email: string, password: string): User | undefined => {
    const givenEmail = digest(email.trim().toLowerCase());
    const givenPassword = digest(password);
    let found: User | undefined;
    // Every user is compared in full, so the time does not tell whether the e-mail is known.
    for (const known of digests) {
      const emailMatches = timingSafeEqual(known.email, givenEmail);
      const passwordMatches = timingSafeEqual(known.password, givenPassword);
      if (emailMatches && passwordMatches) found = known.user;
    }
    return found;
  };

  const base = issuer.replace(/\/$/, '');
  return {
    jwks: keys.jwks,
    discovery: {
      issuer,
      jwks_uri: `${base}/.well-known/jwks.json`,
      token_endpoint: `${base}/auth/token`,
      response_types_supported: ['token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [algorithm],
      claims_supported: ['sub', 'email', 'roles', 'iss', 'aud', 'iat', 'exp', 'jti'],
    },
    login: async (email, password) => {
      const user = find(email, password);
      if (user === undefined) return undefined;
      return new SignJWT({ email: user.email, roles: [...user.roles] })
        .setProtectedHeader({ alg: algorithm, kid: keys.kid, typ: 'JWT' })
        .setSubject(user.id)
        .setIssuer(issuer)
        .setAudience(audience)
        .setJti(uuidv7())
        .setIssuedAt()
        .setExpirationTime(`${tokenLifetime}s`)
        .sign(keys.privateKey);
    },
  };
};
