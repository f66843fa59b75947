// Where the embedded stack keeps everything that survives a restart: one folder, git-ignored, moved by ORDERFLOW_DATA.
import { join, resolve } from 'node:path';
import { stackVariables } from './variables.ts';

export const dataFolder = (env: NodeJS.ProcessEnv = process.env): string => {
  const chosen = env[stackVariables.data.env];
  return chosen === undefined || chosen === ''
    ? join(import.meta.dirname, '..', '..', '.orderflow')
    : resolve(chosen);
};
