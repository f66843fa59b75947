// Replays the dead letters of a cause and holds the state of the replay. A replay is idempotent: after a lost response the user can
// start it again.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { request } from '../../../api/request.ts';
import type { CauseReplayed, ServiceName } from '../../../api/types.ts';
import { replayAll, untriedOf, type ReplayRun } from './replay-run.ts';

export interface Cause {
  readonly service: ServiceName;
  readonly fingerprint: string;
  readonly count: number;
}

export interface CauseReplay {
  readonly cause: Cause;
  /** Undefined until the first batch has been replayed. */
  readonly run: ReplayRun | undefined;
  readonly phase: 'running' | 'stopping' | 'stopped' | 'done';
  /** The error of the batch that failed; null if none failed. */
  readonly error: unknown;
}

export interface CauseReplays {
  /** The current replay, or the last one. */
  readonly replay: CauseReplay | undefined;
  readonly isRunning: boolean;
  readonly start: (cause: Cause) => void;
  /** Stops after the current batch, because a batch cannot be cancelled. */
  readonly stop: () => void;
  readonly dismiss: () => void;
}

export const useCauseReplay = (): CauseReplays => {
  const client = useQueryClient();
  const [replay, setReplay] = useState<CauseReplay>();
  const stopper = useRef(new AbortController());
  // The replay stops when the user leaves the page, because the user can no longer watch it.
  useEffect(
    () => () => {
      stopper.current.abort();
    },
    [],
  );
  const update = (changes: Partial<CauseReplay>): void =>
    setReplay((current) => current && { ...current, ...changes });

  const start = async (cause: Cause): Promise<void> => {
    const { service, fingerprint, count } = cause;
    stopper.current = new AbortController();
    const { signal } = stopper.current;
    setReplay({ cause, run: undefined, phase: 'running', error: null });
    try {
      const runs = replayAll(count, (limit) =>
        request<CauseReplayed>(`/api/${service}/dead-letters/replay`, {
          method: 'POST',
          body: { fingerprint, limit },
        }),
      );
      let isStopped = false;
      for await (const run of runs) {
        update({ run });
        isStopped = run.endedEarly || (signal.aborted && untriedOf(run) > 0);
        if (isStopped) break;
      }
      update({ phase: isStopped ? 'stopped' : 'done' });
    } catch (error) {
      update({ phase: 'stopped', error });
    }
    await client.invalidateQueries({ queryKey: ['dead-letters', service] });
  };
  return {
    replay,
    isRunning: replay?.phase === 'running' || replay?.phase === 'stopping',
    start: (cause) => void start(cause),
    stop: () => {
      stopper.current.abort();
      update({ phase: 'stopping' });
    },
    dismiss: () => setReplay(undefined),
  };
};
