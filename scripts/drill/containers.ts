// Lists, kills and starts the containers of docker-compose.yml and reads their health. Docker does not restart a container
// that an operator killed.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { errorCodeOf } from '../../services/platform/process/error-code.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';

const root = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

const listed = z.object({ ID: z.string(), Service: z.string(), State: z.string() });

export interface Container {
  readonly id: string;
  /** Its name in docker-compose.yml. */
  readonly part: string;
}

const docker = async (args: readonly string[], withinMs: number): Promise<string> => {
  try {
    const { stdout } = await run('docker', args, { cwd: root, timeout: withinMs, encoding: 'utf8' });
    return stdout;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT')
      throw failure('`docker` cannot be run; install Docker Engine and Compose, and put them on the PATH');
    const message = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    // Without the plugin, the Docker client takes the options of Compose for its own.
    if (/is not a docker command|unknown (?:shorthand )?flag/.test(message))
      throw failure('`docker compose` cannot be run; install the Compose plugin (v2)');
    throw failure(`docker ${args.slice(0, 2).join(' ')}: ${message === '' ? messageOf(error) : message}`);
  }
};

/**
 * The running containers in the output of `docker compose ps --format json`: one object per line, or one array in older versions.
 */
export const containersIn = (output: string): Container[] =>
  output
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => z.union([listed.transform((one) => [one]), z.array(listed)]).parse(JSON.parse(line)))
    .filter(({ State }) => State === 'running')
    .map(({ ID: id, Service: part }) => ({ id, part }))
    .toSorted((one, other) => one.part.localeCompare(other.part));

/** One-shot jobs have ended, so they are not included. */
export const runningContainers = async (): Promise<Container[]> => {
  const found = containersIn(await docker(['compose', 'ps', '--format', 'json'], 30_000));
  if (found.length === 0)
    throw failure('no container of docker-compose.yml is running; start them: docker compose up -d --wait');
  return found;
};

export const killContainer = async ({ id }: Container): Promise<void> => {
  await docker(['kill', id], 30_000);
};

export const startContainer = async ({ id }: Container): Promise<void> => {
  await docker(['start', id], 60_000);
};

/** A container without a health check is healthy while it runs. */
export const isHealthy = async ({ id }: Container): Promise<boolean> => {
  const format = '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}';
  const state = (await docker(['inspect', '--format', format, id], 30_000)).trim();
  return state === 'healthy' || state === 'running';
};
