// Graceful shutdown and crash-only failure: what was started is stopped in reverse order, each step within a bound.
// The invariant: a stop never hangs and never loses a request or message in flight; an unexpected error ends the process.
// Without it a restart drops work half-done, or a process with unknown state keeps serving.
import type { Logger } from './logger.ts';

export interface StopStep {
  readonly name: string;
  readonly stop: () => Promise<void> | void;
  /** Milliseconds before the next step is taken regardless. */
  readonly deadlineMs: number;
}

export interface Lifecycle {
  /** Registers what must be undone; the step registered last is run first. `deadlineMs` is 10,000 when absent. */
  readonly onStop: (name: string, stop: StopStep['stop'], deadlineMs?: number) => void;
  /** Runs the steps once and ends the process; callers that come later get the same promise. */
  readonly stop: (reason: string) => Promise<void>;
  /** Aborted before the first step: whoever merely waits for something ends the wait, so that no step waits for it. */
  readonly stopping: AbortSignal;
}

export interface LifecycleOptions {
  readonly logger: Logger;
  /** The process to listen on and to end; given by tests. */
  readonly target?: Pick<NodeJS.Process, 'on' | 'exit'>;
}

/** Terminals and supervisors often signal the same intent twice, milliseconds apart. */
const sameSignalMs = 1_000;

const runStep = async ({ name, stop, deadlineMs }: StopStep, logger: Logger): Promise<void> => {
  const late = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => late.resolve('late'), deadlineMs);
  const startedAt = performance.now();
  try {
    // `then` so that a step that throws at once is treated like one that rejects.
    const outcome = await Promise.race([Promise.resolve().then(stop), late.promise]);
    if (outcome === 'late') logger.warn('stop step exceeded its deadline', { step: name, deadlineMs });
    else logger.debug('stopped', { step: name, ms: Math.round(performance.now() - startedAt) });
  } catch (error) {
    logger.error('stop step failed', { step: name, error });
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Installs the signal and crash handlers of the process. SIGTERM and SIGINT stop it with exit code 0; another signal
 * more than a second later ends it at once with 1. An uncaught error is logged and ends it with 1.
 */
export const createLifecycle = ({ logger, target = process }: LifecycleOptions): Lifecycle => {
  const steps: StopStep[] = [];
  const announced = new AbortController();
  let stopping: { readonly since: number; readonly done: Promise<void> } | undefined;

  const runSteps = async (reason: string): Promise<void> => {
    logger.info('stopping', { reason });
    announced.abort();
    // Taken one by one: a step that was registered while stopping is still undone.
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) await runStep(step, logger);
    logger.info('stopped', { reason });
    target.exit(0);
  };

  const stop = (reason: string): Promise<void> => {
    stopping ??= { since: performance.now(), done: runSteps(reason) };
    return stopping.done;
  };

  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping !== undefined && performance.now() - stopping.since > sameSignalMs) {
      logger.warn('second signal, stopping at once', { signal });
      target.exit(1);
      return;
    }
    void stop(signal);
  };
  const onCrash = (kind: string) => (error: unknown) => {
    logger.error(kind, { error });
    target.exit(1);
  };
  target.on('SIGTERM', onSignal);
  target.on('SIGINT', onSignal);
  target.on('uncaughtException', onCrash('uncaught exception'));
  target.on('unhandledRejection', onCrash('unhandled rejection'));

  return {
    onStop: (name, stopStep, deadlineMs = 10_000) => {
      steps.push({ name, stop: stopStep, deadlineMs });
    },
    stop,
    stopping: announced.signal,
  };
};
