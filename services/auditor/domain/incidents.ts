// The history of the pipelines: each problem with its beginning, what was done about it, and its end. It is kept in memory like
// the samples, so it begins with the process and is bounded. Times are epoch ms.
import type { Service } from './facts.ts';
import type { Problem } from './pipeline-problems.ts';

/** An action on the connector of a pipeline: by the watchdog, or by an administrator through the auditor. */
export interface ConnectorActed {
  readonly at: number;
  readonly by: 'watchdog' | 'administrator';
  readonly action: 'restart' | 'pause' | 'resume';
}

export interface Incident extends Pick<Problem, 'name' | 'level' | 'sentence'> {
  readonly service: Service;
  readonly startedAt: number;
  /** Null while it lasts. */
  readonly endedAt: number | null;
  /** Restarts by the watchdog while it lasted. */
  readonly restarts: number;
  /** The last action while it lasted; null when it ended without one. */
  readonly lastAction: ConnectorActed | null;
}

/** The newest first. */
export type Incidents = readonly Incident[];

export const incidentsKept = 200;

/** Opens an incident for each problem that has none, and ends the incidents whose problem is gone. */
export const recordProblems = (
  history: Incidents,
  service: Service,
  problems: readonly Pick<Problem, 'name' | 'level' | 'sentence' | 'since'>[],
  at: number,
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
      lastAction: null,
    }));
  return [...opened, ...updated].slice(0, incidentsKept);
};

/** Adds an action to the incidents of the pipeline that last. */
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
