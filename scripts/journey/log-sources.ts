// The sources of log lines: files that the user names, otherwise the data folder while the embedded stack runs, otherwise
// `docker compose logs`. All sources are read as streams, so their size does not matter.
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { dataFolder } from '../stack/data-folder.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';
import { supervisorPidOf } from '../stack/supervise/data-folder-lock.ts';

interface LogSource {
  /** Completes the sentence "… could not be read". */
  readonly label: string;
  readonly lines: () => AsyncIterable<string>;
}

const parts = ['order', 'inventory', 'payment', 'gateway'];
const dockerWithinMs = 60_000;

const linesOf = async function* (files: readonly string[]): AsyncIterable<string> {
  for (const file of files) {
    const input = createReadStream(file);
    yield* createInterface({ input, crlfDelay: Infinity });
  }
};

/** The log files of the services and the gateway, each with its rotated file first. */
const embedded = (folder: string): LogSource => ({
  label: folder,
  lines: () => {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    const files = parts
      .flatMap((part) => [`${part}.log.1`, `${part}.log`])
      .filter((name) => names.includes(name));
    return linesOf(files.map((name) => join(folder, name)));
  },
});

const dockerCompose = (since: Date): LogSource => ({
  label: 'docker compose logs',
  lines: async function* () {
    // All profiles, because the second instances of the services are in the profile `cluster`.
    const logs = ['logs', '--no-color', '--no-log-prefix', '--since', since.toISOString()];
    const args = ['compose', '--profile', '*', ...logs];
    const child = spawn('docker', args, {
      cwd: join(import.meta.dirname, '..', '..'),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: dockerWithinMs,
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = `${errors}${chunk.toString('utf8')}`.slice(-2_000);
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    // If Docker is not installed, `ended` rejects before it is awaited below. Without this handler, Node would end the process.
    ended.catch(() => undefined);
    yield* createInterface({ input: child.stdout, crlfDelay: Infinity });
    const code = await ended;
    const [reason] = errors.trim().split('\n').slice(-1);
    if (code !== 0) throw new Error(reason === '' ? `exit code ${String(code)}` : reason);
  },
});

/** The files, if there are any, otherwise the logs of the running stack. Throws a failure when a file does not exist. */
export const logSource = (files: readonly string[], since: Date): LogSource => {
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) throw failure(`there is no file ${missing}`);
  if (files.length > 0) return { label: files.join(', '), lines: () => linesOf(files) };
  const folder = dataFolder();
  return supervisorPidOf(folder) === undefined ? dockerCompose(since) : embedded(join(folder, 'logs'));
};

/** The note for a source that could not be read, with a remedy. */
export const unreadableNote = ({ label }: LogSource, error: unknown): string =>
  `no log lines: ${label} could not be read (${messageOf(error)}); name log files with --logs <file>`;
