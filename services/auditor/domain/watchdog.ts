// Decides when to restart a connector. Connect never restarts a failed task, for example one whose transaction the broker
// aborted during an outage, nor one that a rebalance left without a worker. Both are restarted with growing pauses and a limited
// number of times: a task that keeps failing on the same row needs a person. Paused connectors are left alone.

/** The state of a connector. `unknown`: Connect does not answer; `absent`: Connect has no such connector. */
export type ConnectorView =
  | { readonly kind: 'running' | 'paused' | 'absent' | 'unknown' }
  | { readonly kind: 'failed' | 'idle'; readonly why: string };

/** The watchdog's memory of a connector. Times are milliseconds of one clock. */
export interface WatchdogState {
  readonly idleSince: number | undefined;
  /** Since when it has been running without a break; undefined while it is not running. */
  readonly runningSince: number | undefined;
  /** Restarts since it last ran for `steadyMs`. */
  readonly restarts: number;
  /** The next restart is due at this time at the earliest. */
  readonly notBefore: number;
}
export const initialWatchdogState: WatchdogState = {
  idleSince: undefined,
  runningSince: undefined,
  restarts: 0,
  notBefore: 0,
};

/** How long a connector may be idle: longer than a rebalance and the start of a task take. */
export const idleToleranceMs = 20_000;
/** After this long the restarts are forgotten. A task that fails on a row also runs for a moment after each restart. */
export const steadyMs = 60_000;
const firstPauseMs = 5_000;
const longestPauseMs = 300_000;

export interface Verdict {
  /** `failed`: only its failed parts; `all`: the connector and all its tasks. */
  readonly restart: 'failed' | 'all' | 'nothing';
  /** It is not running, and the limit of restarts is reached. */
  readonly gaveUp: boolean;
  readonly state: WatchdogState;
}

/** @param limit Maximum of restarts in a row. */
export const judgeConnector = (
  connector: ConnectorView,
  state: WatchdogState,
  now: number,
  limit: number,
): Verdict => {
  const { restarts, notBefore } = state;
  switch (connector.kind) {
    case 'paused':
    case 'absent':
      return { restart: 'nothing', gaveUp: false, state: initialWatchdogState };
    case 'running': {
      const runningSince = state.runningSince ?? now;
      const isSteady = now - runningSince >= steadyMs;
      return {
        restart: 'nothing',
        gaveUp: false,
        state: isSteady
          ? { ...initialWatchdogState, runningSince }
          : { ...state, runningSince, idleSince: undefined },
      };
    }
    case 'unknown':
      // The connector may have been idle or running meanwhile, so both times start again.
      return {
        restart: 'nothing',
        gaveUp: restarts >= limit,
        state: { ...state, idleSince: undefined, runningSince: undefined },
      };
    case 'failed':
    case 'idle': {
      const idleSince = connector.kind === 'idle' ? (state.idleSince ?? now) : undefined;
      const next: WatchdogState = { ...state, idleSince, runningSince: undefined };
      const isDue = now >= notBefore && (idleSince === undefined || now - idleSince >= idleToleranceMs);
      if (restarts >= limit) return { restart: 'nothing', gaveUp: isDue, state: next };
      if (!isDue) return { restart: 'nothing', gaveUp: false, state: next };
      return {
        restart: connector.kind === 'failed' ? 'failed' : 'all',
        gaveUp: false,
        state: {
          // An idle connector gets the whole tolerance again after the restart.
          idleSince: undefined,
          runningSince: undefined,
          restarts: restarts + 1,
          notBefore: now + Math.min(firstPauseMs * 2 ** restarts, longestPauseMs),
        },
      };
    }
  }
};
