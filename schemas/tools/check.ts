// Checks the event contract without a registry: the schemas follow the rules, the releases are unchanged, and every version can
// read the golden bytes of every other version.
import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { lintEventSchema, type EventSchema } from './event-schema.ts';
import { textOf } from './avro.ts';
import { obstacleText, readingObstacles } from './review/compatibility.ts';
import { misreading, samplesOf, type Sample } from './golden.ts';
import { rewrittenReleases, type Base } from './history.ts';
import { labelOf, readLock, releasesOfEvent, unreleased, type Contract } from './releases.ts';

export interface CheckReport {
  readonly events: number;
  readonly releases: number;
  /** Number of pairs of a sample record and a version that must be able to read it. */
  readonly readings: number;
  /** The Git revision with which the releases were compared; undefined if they were not compared. */
  readonly base: string | undefined;
  readonly complaints: readonly string[];
}

interface Version {
  readonly label: string;
  readonly schema: EventSchema;
  readonly samples: readonly Sample[];
}

const versionsOf = (contract: Contract, event: string): Version[] => {
  const releases = releasesOfEvent(contract.releases, event);
  const released = releases.map((release) => ({
    label: labelOf(release),
    schema: release.schema,
    samples: release.samples,
  }));
  const working = contract.workingSchemas.find((schema) => schema.eventType === event);
  const last = releases.at(-1);
  if (working === undefined || (last !== undefined && textOf(last.schema) === textOf(working)))
    return released;
  return [
    ...released,
    { label: `the working version of ${event}`, schema: working, samples: samplesOf(working) },
  ];
};

const readAll = (versions: readonly Version[]): { readings: number; complaints: string[] } => {
  const complaints: string[] = [];
  let readings = 0;
  for (const writer of versions)
    for (const reader of versions) {
      readings += writer.samples.length;
      const [obstacle] = readingObstacles(reader.schema, writer.schema);
      const problem =
        obstacle === undefined
          ? misreading(reader.schema, writer.schema, writer.samples)
          : obstacleText(obstacle);
      if (problem !== undefined) complaints.push(`${reader.label} cannot read ${writer.label}: ${problem}`);
    }
  return { readings, complaints };
};

/** Checks the contract. With a base, also checks that the releases of the base are unchanged; `folder` has the lock file. */
export const checkContract = (contract: Contract, folder: string, base: Base | undefined): CheckReport => {
  const complaints = [...contract.complaints];
  for (const schema of contract.workingSchemas)
    complaints.push(
      ...lintEventSchema(`${schema.eventType}.avsc`, schema).map(
        (complaint) => `schemas/${schema.eventType}.avsc: ${complaint}`,
      ),
    );
  if (base !== undefined) {
    const lockFile = join(folder, 'released', 'lock.json');
    const lock = readLock(existsSync(lockFile) ? readFileSync(lockFile, 'utf8') : undefined);
    complaints.push(...rewrittenReleases(contract, base, lock));
  }
  const events = new Set([
    ...contract.workingSchemas.map(({ eventType }) => eventType),
    ...contract.releases.map(({ event }) => event),
  ]);
  let readings = 0;
  for (const event of events) {
    const found = readAll(versionsOf(contract, event));
    readings += found.readings;
    complaints.push(...found.complaints);
    if (!contract.workingSchemas.some(({ eventType }) => eventType === event))
      complaints.push(
        `schemas/${event}.avsc is missing, but ${event} was released, and consumers still read its records; restore the file from Git`,
      );
  }
  for (const { eventType } of unreleased(contract))
    complaints.push(
      `schemas/${eventType}.avsc has changes that are not released; run: npm run schemas -- release ${eventType}`,
    );
  return {
    events: contract.workingSchemas.length,
    releases: contract.releases.length,
    readings,
    base: base && `${base.name} (${base.commit.slice(0, 9)})`,
    complaints,
  };
};
