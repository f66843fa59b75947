// The state of the replay of a cause. A replay is idempotent, so it can be repeated after a lost response.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { request } from '../../../api/request.ts';
import type { GroupReplayed, ServiceName } from '../../../api/types.ts';
import { replayAll, type ReplayRun } from './replay-run.ts';

export interface Group {
  readonly service: ServiceName;
  readonly fingerprint: string;
  readonly count: number;
}

export interface GroupReplay {
  readonly group: Group;
  /** Undefined until the first batch is done. */
  readonly run: ReplayRun | undefined;
  readonly phase: 'running' | 'stopping' | 'stopped' | 'done';
  /** Why a batch failed. */
  readonly error: unknown;
}

export interface GroupReplays {
  /** The current replay, or the last one. */
  readonly replay: GroupReplay | undefined;
  readonly isRunning: boolean;
  readonly start: (group: Group) => void;
  /** Stops after the current batch, which cannot be cancelled. */
  readonly stop: () => void;
  readonly dismiss: () => void;
}

export const useGroupReplay = (): GroupReplays => {
  const client = useQueryClient();
  const [replay, setReplay] = useState<GroupReplay>();
  const stopper = useRef(new AbortController());
  // A user who leaves the page cannot watch the replay, so it stops.
  useEffect(
    () => () => {
      stopper.current.abort();
    },
    [],
  );
  const change = (changed: Partial<GroupReplay>): void =>
    setReplay((before) => before && { ...before, ...changed });

  const start = async (group: Group): Promise<void> => {
    const { service, fingerprint, count } = group;
    stopper.current = new AbortController();
    const { signal } = stopper.current;
    setReplay({ group, run: undefined, phase: 'running', error: null });
    try {
      const runs = replayAll(count, (limit) =>
        request<GroupReplayed>(`/api/${service}/dead-letters/replay`, {
          method: 'POST',
          body: { fingerprint, limit },
        }),
      );
      for await (const run of runs) {
        change({ run });
        if (signal.aborted) break;
      }
      change({ phase: signal.aborted ? 'stopped' : 'done' });
    } catch (error) {
      change({ phase: 'stopped', error });
    }
    await client.invalidateQueries({ queryKey: ['dead-letters', service] });
  };
  return {
    replay,
    isRunning: replay?.phase === 'running' || replay?.phase === 'stopping',
    start: (group) => void start(group),
    stop: () => {
      stopper.current.abort();
      change({ phase: 'stopping' });
    },
    dismiss: () => setReplay(undefined),
  };
};
