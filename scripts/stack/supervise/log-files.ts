// Limits the size of the parts' log files, however long the stack runs.
import { copyFileSync, existsSync, renameSync, statSync, truncateSync } from 'node:fs';

const maxLogBytes = 8 * 1024 * 1024;

export const rotate = (file: string): void => {
  if (existsSync(file) && statSync(file).size > maxLogBytes) renameSync(file, `${file}.1`);
};

/** Limits a log file that is in use. Truncating is safe, because the writer opened the file for appending. */
export const truncateLarge = (file: string): void => {
  if (!existsSync(file) || statSync(file).size <= 4 * maxLogBytes) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
};
