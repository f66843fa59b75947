// The pages of the dashboard, built once for their content into the cache outside the work tree. The folder appears complete or
// not at all, so two boots may build at once and a killed one leaves no half.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { failure } from '../../../schemas/tools/failure.ts';
import { cacheRoot } from './artefacts.ts';

const projectRoot = join(import.meta.dirname, '..', '..', '..');
const sources = join(projectRoot, 'services', 'dashboard', 'web');
/** The pages show them. */
const runbooks = join(projectRoot, 'connectors', 'runbooks');

/** Under another one, such as that of a test run, the libraries would be built for their own developers: larger and slower. */
const NODE_ENV = 'production';

/** Where the pages of the present sources are, or will be. */
export const webPagesFolder = (env: NodeJS.ProcessEnv = process.env): string => {
  const hash = createHash('sha256')
    .update(NODE_ENV)
    .update(readFileSync(join(projectRoot, 'package-lock.json')));
  const files = [sources, runbooks]
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) hash.update(relative(projectRoot, file)).update('\0').update(readFileSync(file));
  return join(cacheRoot(env), `web-${hash.digest('hex').slice(0, 12)}`);
};

/** Milliseconds. */
const longestBuild = 120_000;

/** Builds the pages unless they are there. Answers their folder. */
export const ensureWebPages = async (signal: AbortSignal): Promise<string> => {
  const folder = webPagesFolder();
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const draft = `${folder}.${String(process.pid)}.tmp`;
  const vite = join(projectRoot, 'node_modules', 'vite', 'bin', 'vite.js');
  const child = spawn(
    process.execPath,
    ['--max-old-space-size=512', vite, 'build', sources, '--outDir', draft, '--logLevel', 'error'],
    {
      cwd: projectRoot,
      env: { ...process.env, NODE_ENV },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      timeout: longestBuild,
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      output = `${output}${String(data)}`.slice(-4_000);
    });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  try {
    if (code !== 0) throw failure(`the pages of the dashboard cannot be built: ${output.trim()}`);
    renameSync(draft, folder);
  } catch (error) {
    // Another boot may have been faster: its pages are the same.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
};
