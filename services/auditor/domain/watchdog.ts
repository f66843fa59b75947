// Decides when to restart a connector. Connect itself restarts neither a failed task (for example after the broker aborted its
// transaction during an outage) nor a task that a rebalance left without a worker. The watchdog restarts both, with growing pauses
// and a limited number of times: a task that keeps failing on the same row needs a person. Paused connectors are not restarted.

/** The state of a connector. `unknown`: Connect does not answer; `absent`: Connect has no such connector. */
export type ConnectorView =
  | { readonly kind: 'running' | 'paused' | 'absent' | 'unknown' }
  | { readonly kind: 'failed' | 'idle'; readonly why: string };

/** The watchdog's memory of a connector. Times are milliseconds of one clock. */
export interface WatchdogState {
  readonly idleSince: number | undefined;
  /** Since when the connector has been running without interruption; undefined while it is not running. */
  readonly runningSince: number | undefined;
  /** Number of restarts since the connector last ran for `steadyMs`, was paused or was absent. */
  readonly restarts: number;
  /** The earliest time of the next restart. */
  readonly notBefore: number;
}
export const initialWatchdogState: WatchdogState = {
  idleSince: undefined,
  runningSince: undefined,
  restarts: 0,
  notBefore: 0,
};

/** How long a connector may be idle: longer than a rebalance plus the start of a task. */
export const idleToleranceMs = 20_000;
/** The restarts are forgotten only after this time: even a task that fails on a row runs for a short time after each restart. */
export const steadyMs = 60_000;
const firstPauseMs = 5_000;
const longestPauseMs = 300_000;

export interface Verdict {
  /** `failed`: restart only the failed connector or tasks; `all`: restart the connector and all its tasks. */
  readonly restart: 'failed' | 'all' | 'nothing';
  /**
   * True when the limit of restarts is reached and the connector still does not run after the pause that follows the last
   * restart. While Connect does not answer, it is true as soon as the limit is reached.
   */
  readonly gaveUp: boolean;
  readonly state: WatchdogState;
}

/** @param limit Maximum number of consecutive restarts. */
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
      // It is unknown whether the connector was idle or running meanwhile, so both times are reset.
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
          // After the restart, the connector may be idle for the whole tolerance again.
          idleSince: undefined,
          runningSince: undefined,
          restarts: restarts + 1,
          notBefore: now + Math.min(firstPauseMs * 2 ** restarts, longestPauseMs),
        },
      };
    }
  }
};
