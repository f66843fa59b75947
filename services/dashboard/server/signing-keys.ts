// The signing keys of the built-in issuer, in a file that only its owner can read. Old keys are rotated. A replaced key stays
// published as long as a token signed with it can be valid; otherwise a rotation would sign all users out.
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JWK,
} from 'jose';
import { chmod, stat } from 'node:fs/promises';
import { z } from 'zod';
import { readOrCreateSecretFile, replaceSecretFile } from './secret-file.ts';

export const algorithm = 'EdDSA';
const privateKeySchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
  kid: z.string(),
  /** When the key became the signing key. Keys from older files have no such time, so they are due for renewal. */
  createdAt: z.iso.datetime().default('1970-01-01T00:00:00.000Z'),
});
type PrivateKey = z.infer<typeof privateKeySchema>;
/** The first key signs; all are published. */
const keysFileSchema = z.object({ keys: z.array(privateKeySchema).min(1) });

export interface SigningKeys {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** All keys of the file, without their private parameters. */
  readonly jwks: { readonly keys: readonly JWK[] };
}

interface RotationPolicy {
  /** A signing key older than this is replaced; milliseconds. */
  readonly renewAfterMs: number;
  /** How long a replaced key stays published: the lifetime of a token plus twice the clock skew; milliseconds. */
  readonly keepMs: number;
}

/** Whether to add a new key, and which keys to drop. Pure. */
export function planRotation(
  keys: readonly { readonly kid: string; readonly createdAt: string }[],
  now: Date,
  { renewAfterMs, keepMs }: RotationPolicy,
): { readonly renew: boolean; readonly drop: ReadonlySet<string> } {
  const ageOf = (createdAt: string): number => now.getTime() - Date.parse(createdAt);
  const [signing] = keys;
  const renew = signing !== undefined && ageOf(signing.createdAt) >= renewAfterMs;
  // New keys are inserted at the front. So a key was replaced when the key before it in the list was created.
  const drop = keys.filter((_, index) => {
    const replacement = keys[index - 1];
    return replacement !== undefined && ageOf(replacement.createdAt) > keepMs;
  });
  return { renew, drop: new Set(drop.map(({ kid }) => kid)) };
}

const newKey = async (now: Date): Promise<PrivateKey> => {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const kid = await calculateJwkThumbprint(await exportJWK(publicKey));
  return privateKeySchema.parse({ ...(await exportJWK(privateKey)), kid, createdAt: now.toISOString() });
};

const keysText = (keys: readonly PrivateKey[]): string => `${JSON.stringify({ keys }, null, 2)}\n`;

const parseKeys = (text: string, file: string) => {
  try {
    return keysFileSchema.parse(JSON.parse(text)).keys;
  } catch {
    // No cause: its message could contain the private key.
    throw new Error(
      `The signing keys in ${file} cannot be parsed. Remove the file; a new key is then created.`,
    );
  }
};

const readKeys = async (file: string): Promise<readonly PrivateKey[]> => {
  const text = await readOrCreateSecretFile(file, async () => keysText([await newKey(new Date())]));
  if (((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600);
  return parseKeys(text.toString(), file);
};

const toSigningKeys = async (keys: readonly PrivateKey[], file: string): Promise<SigningKeys> => {
  const [signing] = keys;
  if (signing === undefined) throw new Error(`There is no key in ${file}.`);
  const privateKey = await importJWK(signing, algorithm);
  if (privateKey instanceof Uint8Array) throw new Error(`The key in ${file} is not a private key.`);
  const published = keys.map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid, alg: algorithm, use: 'sig' }));
  return { kid: signing.kid, privateKey, jwks: { keys: published } };
};

/** Reads the signing keys and sets the file mode to 0600. Creates the file if it does not exist. */
export const loadSigningKeys = async (file: string): Promise<SigningKeys> =>
  toSigningKeys(await readKeys(file), file);

/** Adds and drops keys according to the policy, and returns the resulting keys. */
export const rotateSigningKeys = async (
  file: string,
  policy: RotationPolicy,
  now: Date,
): Promise<SigningKeys & { readonly renewed: boolean }> => {
  const before = await readKeys(file);
  const { renew, drop } = planRotation(before, now, policy);
  const kept = before.filter(({ kid }) => !drop.has(kid));
  const keys = renew ? [await newKey(now), ...kept] : kept;
  if (renew || drop.size > 0) await replaceSecretFile(file, keysText(keys));
  return { ...(await toSigningKeys(keys, file)), renewed: renew };
};
