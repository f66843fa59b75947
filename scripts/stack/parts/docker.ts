// The Docker client as the tests need it: is an engine there, and signals to what runs in a container. The client finds the
// engine by itself, by DOCKER_HOST or its context, so nothing here asks where it is.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { failure } from '../../../schemas/tools/failure.ts';

const run = promisify(execFile);
const withinMs = 20_000;

/** What the client needs to find its engine and its settings. */
export const dockerEnvironment = (env: NodeJS.ProcessEnv = process.env): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && /^(PATH|HOME|XDG_RUNTIME_DIR|DOCKER_.*)$/.test(entry[0]),
    ),
  );

/** What the command has printed. Throws when it fails or takes longer than 20 s. */
export const docker = async (...args: readonly string[]): Promise<string> =>
  (await run('docker', [...args], { timeout: withinMs })).stdout;

const otherwise = 'or leave ORDERFLOW_STACK out to test on the embedded stack';

/** Throws a failure when no engine answers or its client cannot read docker-compose.yml. */
export const requireDocker = async (): Promise<void> => {
  await docker('version', '--format', '{{.Server.Version}}').catch(() => {
    throw failure(`no Docker engine answers \`docker version\`; start Docker, ${otherwise}`);
  });
  await docker('compose', 'version').catch(() => {
    throw failure(`\`docker compose version\` fails; install the Compose plugin (v2), ${otherwise}`);
  });
};

/** A signal to what a container runs; to stop and to continue concern all of its processes. */
export const signalContainer = async (container: string, signal: NodeJS.Signals): Promise<void> => {
  if (signal === 'SIGSTOP') await docker('pause', container);
  else if (signal === 'SIGCONT') await docker('unpause', container);
  else await docker('kill', '--signal', signal, container);
};

/** A signal to one process in a container, by the pid it has there. */
export const signalInContainer = async (
  container: string,
  pid: number,
  signal: NodeJS.Signals,
): Promise<void> => {
  await docker('exec', container, 'sh', '-c', `kill -s ${signal.slice('SIG'.length)} ${String(pid)}`);
};
