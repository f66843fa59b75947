// The key that encrypts session cookies: random bytes in a file that only its owner can read, made once.
import { randomBytes } from 'node:crypto';
import { readOrCreateSecretFile } from '../secret-file.ts';

const bytes = 32;

/** Reads the key, making it first if there is no file. Without a file name the key lives as long as the process. */
export const loadSessionKey = async (file: string | undefined): Promise<Uint8Array> => {
  if (file === undefined) return randomBytes(bytes);
  const key = await readOrCreateSecretFile(file, () => Promise.resolve(randomBytes(bytes)));
  if (key.length !== bytes)
    throw new Error(
      `The session key in ${file} is not ${bytes} bytes long; remove the file to make a new one.`,
    );
  return key;
};
