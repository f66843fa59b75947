// Files with a secret: readable only by their owner, and created or replaced atomically after an fsync.
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCodeOf } from '../../platform/process/error-code.ts';

/** Writes the content to a temporary file in the same folder; `publish` moves this draft into place. */
const writeDraft = async (
  file: string,
  content: string | Uint8Array,
  publish: (draft: string) => Promise<void>,
): Promise<void> => {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
    await publish(draft);
  } finally {
    await handle.close();
    await unlink(draft).catch((error: unknown) => {
      if (errorCodeOf(error) !== 'ENOENT') throw error;
    });
  }
};

/** Never replaces a file: of two processes that start at the same time, the first wins. */
const createSecretFile = (file: string, content: string | Uint8Array): Promise<void> =>
  writeDraft(file, content, async (draft) => {
    try {
      await link(draft, file);
    } catch (error) {
      if (errorCodeOf(error) !== 'EEXIST') throw error;
    }
  });

export const replaceSecretFile = (file: string, content: string | Uint8Array): Promise<void> =>
  writeDraft(file, content, (draft) => rename(draft, file));

/** Reads the file. If it does not exist, it is created with the result of `create`. */
export const readOrCreateSecretFile = async (
  file: string,
  create: () => Promise<string | Uint8Array>,
): Promise<Buffer> => {
  try {
    return await readFile(file);
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
    await createSecretFile(file, await create());
    return readFile(file);
  }
};
