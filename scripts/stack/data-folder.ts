// The folder with all data of the embedded stack: `.orderflow` in the project, or ORDERFLOW_DATA.
import { join, resolve } from 'node:path';
import { stackVariables } from './variables.ts';

export const dataFolder = (env: NodeJS.ProcessEnv = process.env): string => {
  const configured = env[stackVariables.data.env];
  return configured === undefined || configured === ''
    ? join(import.meta.dirname, '..', '..', '.orderflow')
    : resolve(configured);
};
