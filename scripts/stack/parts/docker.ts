// Runs the Docker client for the tests: checks that an engine answers and sends signals to containers. The client finds the
// engine through DOCKER_HOST or its context.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { failure } from '../../../schemas/tools/failure.ts';

const run = promisify(execFile);
const withinMs = 20_000;

/** The variables with which the client finds its engine and its settings. */
export const dockerEnvironment = (env: NodeJS.ProcessEnv = process.env): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && /^(PATH|HOME|XDG_RUNTIME_DIR|DOCKER_.*)$/.test(entry[0]),
    ),
  );

/** Returns what the command prints. Throws when it fails or takes longer than 20 s. */
export const docker = async (...args: readonly string[]): Promise<string> =>
  (await run('docker', [...args], { timeout: withinMs })).stdout;

const embeddedRemedy = 'or unset ORDERFLOW_STACK to test on the embedded stack';

/** Throws a failure when no engine answers or the Compose plugin is missing. */
export const requireDocker = async (): Promise<void> => {
  await docker('version', '--format', '{{.Server.Version}}').catch(() => {
    throw failure(`no Docker engine answers \`docker version\`; start Docker, ${embeddedRemedy}`);
  });
  await docker('compose', 'version').catch(() => {
    throw failure(`\`docker compose version\` fails; install the Compose plugin (v2), ${embeddedRemedy}`);
  });
};

/** Sends a signal to the main process of a container. SIGSTOP and SIGCONT pause and resume all of its processes. */
export const signalContainer = async (container: string, signal: NodeJS.Signals): Promise<void> => {
  if (signal === 'SIGSTOP') await docker('pause', container);
  else if (signal === 'SIGCONT') await docker('unpause', container);
  else await docker('kill', '--signal', signal, container);
};

/** Sends a signal to one process in a container. `pid` is its pid inside the container. */
export const signalInContainer = async (
  container: string,
  pid: number,
  signal: NodeJS.Signals,
): Promise<void> => {
  await docker('exec', container, 'sh', '-c', `kill -s ${signal.slice('SIG'.length)} ${String(pid)}`);
};
