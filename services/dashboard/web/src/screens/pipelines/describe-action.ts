import type { Incidents } from '../../api/types.ts';

type Incident = Incidents['data'][number];

/** The last action that the auditor recorded while the problem lasted or shortly before. */
export const describeAction = ({
  lastAction,
  restarts,
}: Pick<Incident, 'lastAction' | 'restarts'>): string => {
  if (lastAction === null) return 'none recorded';
  const last =
    lastAction.by === 'watchdog' ? 'restart by the watchdog' : `${lastAction.action} by an administrator`;
  return restarts > 1 ? `${last} (${restarts} restarts by the watchdog)` : last;
};
