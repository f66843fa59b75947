// The log files of the parts. The invariant: none grows without bound, however long the stack runs.
import { copyFileSync, existsSync, renameSync, statSync, truncateSync } from 'node:fs';

const maxLogBytes = 8 * 1024 * 1024;

export const rotate = (file: string): void => {
  if (existsSync(file) && statSync(file).size > maxLogBytes) renameSync(file, `${file}.1`);
};

/** Bounds a log that is being written: the writer appends, so the file can be cut under it. */
export const cut = (file: string): void => {
  if (!existsSync(file) || statSync(file).size <= 4 * maxLogBytes) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
};
