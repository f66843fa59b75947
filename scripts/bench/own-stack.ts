// A stack that exists for one measurement: on free ports, with data in a temporary folder, stopped and removed afterwards.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provisionConnector } from '../connectors/provision-connector.ts';
import { bootStack, type Stack } from '../stack/boot.ts';
import { freePorts } from '../stack/ports.ts';
import { failure } from '../../schemas/tools/failure.ts';

export type Say = (line: string) => void;

/** Settings of the processes. A process reads them when it starts, so a change takes effect at its next start. */
export type StackEnvironment = Record<string, string | undefined>;

/** Boots a stack whose rate limits do not reject the load of a measurement, measures on it, and stops it. */
export const onOwnStack = async <T>(
  say: Say,
  env: StackEnvironment,
  measure: (stack: Stack) => Promise<T>,
): Promise<T> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'orderflow-bench-'));
  const abort = new AbortController();
  let stack: Stack | undefined;
  const interrupt = (): void => {
    abort.abort();
    void stack?.stop();
  };
  // `on`, because one Ctrl-C can arrive twice: from the terminal, and forwarded by npm.
  process.on('SIGINT', interrupt);
  Object.assign(env, { RATE_LIMIT_REQUESTS: '10000000', HTTP_MAX_IN_FLIGHT_PER_SUBJECT: '400' });
  try {
    stack = await bootStack({
      provisionConnector,
      ports: await freePorts(),
      dataDir,
      log: say,
      env,
      signal: abort.signal,
    });
    return await measure(stack);
  } catch (error) {
    throw abort.signal.aborted ? failure('interrupted, nothing is left running') : error;
  } finally {
    process.off('SIGINT', interrupt);
    await stack?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
};
