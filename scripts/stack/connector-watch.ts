// Keeps the connectors running. Connect never starts again what has failed: a task whose transaction the broker has given up,
// say after an outage, would stay failed until somebody looks. Nor does it notice a task that a rebalance has left without a
// worker. Both are restarted, with back-off and with a line about it; what somebody has paused is left alone.
import { askConnect, restartConnector, stateOf, type ConnectorState } from './connect-rest.ts';
import { pause } from './deadline.ts';
import { serviceNames, services } from './topology.ts';

/** What is remembered of a connector that does not run. Times are milliseconds of one clock. */
export interface Trouble {
  readonly idleSince: number | undefined;
  readonly restarts: number;
  readonly notBefore: number;
}
export const noTrouble: Trouble = { idleSince: undefined, restarts: 0, notBefore: 0 };

/** Longer than a rebalance and the start of a task take; less than anybody would wait for an event. */
export const patienceMs = 20_000;
const pausesMs = [2_000, 5_000, 10_000, 30_000];

/** Whether to restart a connector now: what has failed of it, or all of it, or nothing. */
export const judge = (
  state: ConnectorState,
  trouble: Trouble,
  now: number,
): { readonly restart: 'failed' | 'all' | 'nothing'; readonly trouble: Trouble } => {
  if (state.kind === 'running' || state.kind === 'paused') return { restart: 'nothing', trouble: noTrouble };
  const { restarts, notBefore } = trouble;
  const idleSince = state.kind === 'idle' ? (trouble.idleSince ?? now) : undefined;
  const isDue = now >= notBefore && (idleSince === undefined || now - idleSince >= patienceMs);
  if (!isDue) return { restart: 'nothing', trouble: { ...trouble, idleSince } };
  const pauseMs = pausesMs[Math.min(restarts, pausesMs.length - 1)] ?? 0;
  return {
    restart: state.kind === 'failed' ? 'failed' : 'all',
    // An idle one is given the whole time once more.
    trouble: { idleSince: undefined, restarts: restarts + 1, notBefore: now + pauseMs },
  };
};

const watchEveryMs = 2_000;

/** Restarts what does not run until `signal` is aborted. */
export const watchConnectors = async (
  connectUrl: string,
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<void> => {
  const troubles = new Map<string, Trouble>();
  for (;;) {
    await pause(watchEveryMs, signal);
    for (const name of serviceNames.map((service) => services[service].connector)) {
      const known = troubles.get(name) ?? noTrouble;
      try {
        const { status, body } = await askConnect(`${connectUrl}/connectors/${name}/status`);
        if (status !== 200) continue;
        const state = stateOf(body);
        const { restart, trouble } = judge(state, known, performance.now());
        troubles.set(name, trouble);
        if (restart === 'nothing' || !('why' in state)) continue;
        const what = state.kind === 'failed' ? 'has failed' : `has been idle for ${patienceMs / 1_000} s`;
        log(`connector ${name} ${what}; starting it again\n    ${state.why.split('\n')[0] ?? ''}`);
        await restartConnector(connectUrl, name, restart);
      } catch {
        // The worker is away. When it is back its answer is worth something, but what it said before is not.
        troubles.set(name, { ...known, idleSince: undefined });
      }
    }
  }
};
