// Builds the pages of the dashboard into the cache, in a folder named after the hash of their sources. The folder is created
// by a final rename, so that two boots can build at the same time and a killed build leaves no incomplete folder.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { failure } from '../../../schemas/tools/failure.ts';
import { seconds } from '../supervise/deadline.ts';
import { cacheRoot } from './artefacts.ts';

const projectRoot = join(import.meta.dirname, '..', '..', '..');
const sources = join(projectRoot, 'services', 'dashboard', 'web');
/** The pages contain the runbooks. */
const runbooks = join(projectRoot, 'connectors', 'runbooks');

/** With any other value, such as `test` in a test run, Vite bundles the larger and slower development builds of the libraries. */
const NODE_ENV = 'production';

/** The folder for the pages of the current sources. It exists only after they have been built. */
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

const buildWithinMs = 120_000;

/** Builds the pages unless they exist, and returns their folder. */
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
      timeout: buildWithinMs,
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      output = `${output}${String(data)}`.slice(-4_000);
    });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code === null)
      throw failure(
        `the build of the pages was ended, or took longer than ${seconds(buildWithinMs)}; start again`,
      );
    if (code !== 0) throw failure(`the pages of the dashboard cannot be built: ${output.trim()}`);
    renameSync(draft, folder);
  } catch (error) {
    // Another boot has built the same pages.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
};
