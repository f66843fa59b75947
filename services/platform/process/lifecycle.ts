// Graceful shutdown: what was started last is stopped first, each step within its deadline.
// The invariant: a stop never hangs, and within the deadlines no request or message in flight is lost. An unexpected error
// ends the process immediately, because the state of the process is then unknown.
import type { Logger } from './logger.ts';
import { withTimeout } from './timeout.ts';

interface StopStep {
  readonly name: string;
  readonly stop: () => Promise<void> | void;
  /** Milliseconds after which the next step begins anyway. */
  readonly deadlineMs: number;
}

export interface Lifecycle {
  /** Registers a stop step; the last one registered runs first. `deadlineMs` is 10,000 when absent. */
  readonly onStop: (name: string, stop: StopStep['stop'], deadlineMs?: number) => void;
  /** Runs the steps and ends the process. Further calls return the same promise. */
  readonly stop: (reason: string) => Promise<void>;
  /** Aborted before the first step: it ends requests that only wait, so that no step has to wait for them. */
  readonly stopping: AbortSignal;
}

/** Terminals and supervisors often send two signals for one stop, milliseconds apart. */
const sameSignalMs = 1_000;

const runStep = async ({ name, stop, deadlineMs }: StopStep, logger: Logger): Promise<void> => {
  const timeout = new Error('deadline exceeded');
  const startedAt = performance.now();
  try {
    // `then` turns a synchronous throw into a rejection.
    await withTimeout(Promise.resolve().then(stop), deadlineMs, () => timeout);
    logger.debug('stopped', { step: name, ms: Math.round(performance.now() - startedAt) });
  } catch (error) {
    if (error === timeout) logger.warn('stop step exceeded its deadline', { step: name, deadlineMs });
    else logger.error('stop step failed', { step: name, error });
  }
};

/**
 * Installs the signal and crash handlers. SIGTERM and SIGINT stop the process with exit code 0; another signal more than a
 * second later ends it immediately with exit code 1. An uncaught error is logged and ends the process with exit code 1.
 */
export const createLifecycle = ({ logger }: { readonly logger: Logger }): Lifecycle => {
  const steps: StopStep[] = [];
  const stopSignal = new AbortController();
  let stopping: { readonly since: number; readonly done: Promise<void> } | undefined;

  const runSteps = async (reason: string): Promise<void> => {
    logger.info('stopping', { reason });
    stopSignal.abort();
    // Taken one by one, so that a step registered while stopping runs too.
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) await runStep(step, logger);
    logger.info('stopped', { reason });
    process.exit(0);
  };

  const stop = (reason: string): Promise<void> => {
    stopping ??= { since: performance.now(), done: runSteps(reason) };
    return stopping.done;
  };

  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping !== undefined && performance.now() - stopping.since > sameSignalMs) {
      logger.warn('second signal, stopping at once', { signal });
      process.exit(1);
    }
    void stop(signal);
  };
  const onCrash = (kind: string) => (error: unknown) => {
    logger.error(kind, { error });
    process.exit(1);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('uncaughtException', onCrash('uncaught exception'));
  process.on('unhandledRejection', onCrash('unhandled rejection'));

  return {
    onStop: (name, stopStep, deadlineMs = 10_000) => {
      steps.push({ name, stop: stopStep, deadlineMs });
    },
    stop,
    stopping: stopSignal.signal,
  };
};
