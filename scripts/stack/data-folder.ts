// Where the embedded stack keeps everything that survives a restart: one folder, git-ignored, moved by ORDERFLOW_DATA.
import { join, resolve } from 'node:path';

export const dataFolder = (env: NodeJS.ProcessEnv = process.env): string => {
  const chosen = env['ORDERFLOW_DATA'];
  return chosen === undefined || chosen === ''
    ? join(import.meta.dirname, '..', '..', '.orderflow')
    : resolve(chosen);
};
