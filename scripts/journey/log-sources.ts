// Where the logs of a running system are: in the data folder while the embedded stack runs, with Docker else, or in files that
// somebody has collected. Each is read line by line, so that its size does not matter.
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { dataFolder } from '../stack/data-folder.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';
import { runningOn } from '../stack/supervise/data-folder-lock.ts';

export interface LogSource {
  /** Completes the sentence "log lines from …". */
  readonly what: string;
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

/** The logs of the Node processes and what was rotated away of them, the older part first. */
const embedded = (folder: string): LogSource => ({
  what: folder,
  lines: () => {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    const files = parts
      .flatMap((part) => [`${part}.log.1`, `${part}.log`])
      .filter((name) => names.includes(name));
    return linesOf(files.map((name) => join(folder, name)));
  },
});

/** What `docker compose logs` says of all containers since the story began. */
const composed = (since: Date): LogSource => ({
  what: 'docker compose logs',
  lines: async function* () {
    // All profiles: the second instance of a service is in one, and what it did is part of the story.
    const logs = ['logs', '--no-color', '--no-log-prefix', '--since', since.toISOString()];
    const args = ['compose', '--profile', '*', ...logs];
    const child = spawn('docker', args, {
      cwd: join(import.meta.dirname, '..', '..'),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: dockerWithinMs,
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString('utf8')}`.slice(-2_000);
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    // A docker that is not there is told below, once its empty output has been read.
    ended.catch(() => undefined);
    yield* createInterface({ input: child.stdout, crlfDelay: Infinity });
    const code = await ended;
    if (code !== 0) throw new Error(said.trim().split('\n').at(-1) ?? `exit code ${String(code)}`);
  },
});

/** The files that were given, else those of the stack that runs. Throws a failure for a file that is not there. */
export const logSource = (files: readonly string[], since: Date): LogSource => {
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) throw failure(`there is no file ${missing}`);
  if (files.length > 0) return { what: files.join(', '), lines: () => linesOf(files) };
  const folder = dataFolder();
  return runningOn(folder) === undefined ? composed(since) : embedded(join(folder, 'logs'));
};

/** The remedy when a source could not be read. */
export const unreadable = ({ what }: LogSource, error: unknown): string =>
  `no log lines: ${what} could not be read (${messageOf(error)}); give them with --logs <file>`;
