// The key that encrypts session cookies: 32 random bytes in a file that only its owner can read, made once.
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const bytes = 32;

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** The file appears complete or not at all, and of two processes that begin at once one wins. */
const createKeyFile = async (file: string): Promise<void> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  await writeFile(draft, randomBytes(bytes), { flag: 'wx', mode: 0o600 });
  try {
    await link(draft, file);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
};

/** Reads the key, making it first if there is no file. Without a file name the key lives as long as the process. */
export const loadSessionKey = async (file: string | undefined): Promise<Uint8Array> => {
  if (file === undefined) return randomBytes(bytes);
  let key: Uint8Array;
  try {
    key = await readFile(file);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    await createKeyFile(file);
    key = await readFile(file);
  }
  if (key.length !== bytes)
    throw new Error(
      `The session key in ${file} is not ${bytes} bytes long; remove the file to make a new one.`,
    );
  return key;
};
