// The history of pipeline problems. An incident has the beginning and the end of a problem, the number of restarts by the watchdog
// and the last action on the connector. The history is kept in memory, so it begins with the process, and it is bounded. Times are
// epoch ms.
import type { Service } from './facts.ts';
import type { Problem } from './pipeline-problems.ts';

/** An action on the connector of a pipeline, by the watchdog or by an administrator through the auditor's API. */
export interface ConnectorActed {
  readonly at: number;
  readonly by: 'watchdog' | 'administrator';
  readonly action: 'restart' | 'pause' | 'resume';
}

export interface Incident extends Pick<Problem, 'name' | 'level' | 'sentence'> {
  readonly service: Service;
  readonly startedAt: number;
  /** Null while the problem lasts. */
  readonly endedAt: number | null;
  /** Number of restarts by the watchdog while the problem lasted. */
  readonly restarts: number;
  /** The last action while the problem lasted or shortly before, such as the pause that caused it; null when there was none. */
  readonly lastAction: ConnectorActed | null;
}

/** The newest first. */
export type Incidents = readonly Incident[];

export const incidentsKept = 200;

/** An action may have caused a problem that begins at most this many milliseconds later. */
const causeWithin = 30_000;

/**
 * Opens an incident for each new problem, and ends the incidents whose problem no longer exists.
 * @param lastActed The last action on the connector of the service.
 */
export const recordProblems = (
  history: Incidents,
  service: Service,
  problems: readonly Pick<Problem, 'name' | 'level' | 'sentence' | 'since'>[],
  at: number,
  lastActed?: ConnectorActed,
): Incidents => {
  const updated = history.map((incident): Incident => {
    if (incident.service !== service || incident.endedAt !== null) return incident;
    const problem = problems.find(({ name }) => name === incident.name);
    if (problem === undefined) return { ...incident, endedAt: at };
    const { level, sentence } = problem;
    return { ...incident, level, sentence };
  });
  const open = new Set(
    updated.flatMap((incident) =>
      incident.service === service && incident.endedAt === null ? [incident.name] : [],
    ),
  );
  const opened = problems
    .filter(({ name }) => !open.has(name))
    .map(({ name, level, sentence, since }): Incident => ({
      service,
      name,
      level,
      sentence,
      startedAt: since,
      endedAt: null,
      restarts: 0,
      lastAction: lastActed !== undefined && lastActed.at >= since - causeWithin ? lastActed : null,
    }));
  return [...opened, ...updated].slice(0, incidentsKept);
};

/** Adds an action to the open incidents of a pipeline. */
export const recordActed = (history: Incidents, service: Service, acted: ConnectorActed): Incidents =>
  history.map((incident) =>
    incident.service === service && incident.endedAt === null
      ? {
          ...incident,
          restarts: incident.restarts + (acted.by === 'watchdog' ? 1 : 0),
          lastAction: acted,
        }
      : incident,
  );
