// Keeps the connectors running. Connect never starts again what has failed: a task whose transaction the broker has given up,
// say after an outage, would stay failed until somebody looks. Nor does it notice a task that a rebalance has left without a
// worker. Both are restarted, after longer and longer pauses and no more than so often: a task that fails again on the same
// row is in want of a person, and is said to be. What somebody has paused is left alone.

/** What Connect says of a connector; `unknown`: it does not answer, `absent`: it knows no such connector. */
export type ConnectorView =
  | { readonly kind: 'running' | 'paused' | 'absent' | 'unknown' }
  | { readonly kind: 'failed' | 'idle'; readonly why: string };

/** What is remembered of a connector. Times are milliseconds of one clock. */
export interface Trouble {
  readonly idleSince: number | undefined;
  /** Since when it has been running without a break, undefined while it does not. */
  readonly wellSince: number | undefined;
  /** Since the last time that it ran for long enough. */
  readonly restarts: number;
  readonly notBefore: number;
}
export const noTrouble: Trouble = {
  idleSince: undefined,
  wellSince: undefined,
  restarts: 0,
  notBefore: 0,
};

/** Longer than a rebalance and the start of a task take; less than anybody would wait for an event. */
export const patienceMs = 20_000;
/** A task that fails on a row is RUNNING for a moment after each restart; one that has run for this long is well. */
export const steadyMs = 60_000;
const firstPauseMs = 5_000;
const longestPauseMs = 300_000;

export interface Verdict {
  /** What has failed of the connector, or all of it, or nothing. */
  readonly restart: 'failed' | 'all' | 'nothing';
  /** It does not run, and has been restarted as often as it may be. */
  readonly gaveUp: boolean;
  readonly trouble: Trouble;
}

/** Whether to restart a connector now, and what to remember of it. `limit`: restarts in a row. */
export const judgeConnector = (
  state: ConnectorView,
  trouble: Trouble,
  now: number,
  limit: number,
): Verdict => {
  const { restarts, notBefore } = trouble;
  switch (state.kind) {
    case 'paused':
    case 'absent':
      return { restart: 'nothing', gaveUp: false, trouble: noTrouble };
    case 'running': {
      const wellSince = trouble.wellSince ?? now;
      const isWell = now - wellSince >= steadyMs;
      return {
        restart: 'nothing',
        gaveUp: false,
        trouble: isWell ? { ...noTrouble, wellSince } : { ...trouble, wellSince, idleSince: undefined },
      };
    }
    case 'unknown':
      // When the worker is back its answer is worth something, but what it said before is not.
      return {
        restart: 'nothing',
        gaveUp: restarts >= limit,
        trouble: { ...trouble, idleSince: undefined, wellSince: undefined },
      };
    case 'failed':
    case 'idle': {
      const idleSince = state.kind === 'idle' ? (trouble.idleSince ?? now) : undefined;
      const seen: Trouble = { ...trouble, idleSince, wellSince: undefined };
      const isDue = now >= notBefore && (idleSince === undefined || now - idleSince >= patienceMs);
      if (restarts >= limit) return { restart: 'nothing', gaveUp: isDue, trouble: seen };
      if (!isDue) return { restart: 'nothing', gaveUp: false, trouble: seen };
      return {
        restart: state.kind === 'failed' ? 'failed' : 'all',
        gaveUp: false,
        trouble: {
          // An idle one is given the whole time once more.
          idleSince: undefined,
          wellSince: undefined,
          restarts: restarts + 1,
          notBefore: now + Math.min(firstPauseMs * 2 ** restarts, longestPauseMs),
        },
      };
    }
  }
};
