// The key that encrypts the session cookies: random bytes in a file that only its owner can read.
import { randomBytes } from 'node:crypto';
import { readOrCreateSecretFile } from '../secret-file.ts';

const bytes = 32;

/** Reads the key, and creates the file if it does not exist. Without a file name, the key exists only until the process ends. */
export const loadSessionKey = async (file: string | undefined): Promise<Uint8Array> => {
  if (file === undefined) return randomBytes(bytes);
  const key = await readOrCreateSecretFile(file, () => Promise.resolve(randomBytes(bytes)));
  if (key.length !== bytes)
    throw new Error(
      `The session key in ${file} is not ${bytes} bytes long; remove the file to create a new one.`,
    );
  return key;
};
