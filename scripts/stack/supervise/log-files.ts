// Bounds the log files of the parts, however long the stack runs.
import { copyFileSync, existsSync, renameSync, statSync, truncateSync } from 'node:fs';

const maxLogBytes = 8 * 1024 * 1024;

export const rotate = (file: string): void => {
  if (existsSync(file) && statSync(file).size > maxLogBytes) renameSync(file, `${file}.1`);
};

/** Bounds a log that is in use. The writer opened it for appending, so truncating it is safe. */
export const truncateLarge = (file: string): void => {
  if (!existsSync(file) || statSync(file).size <= 4 * maxLogBytes) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
};
