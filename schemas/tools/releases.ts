// The released versions of every event. A released version never changes, because its records are on the topics. The lock file has
// the fingerprint of each version and its schema id. Every registry must assign the same id, because every record contains it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { isEventSchema, schemasFolder, type EventSchema } from './event-schema.ts';
import { failure, messageOf } from './failure.ts';
import { identityOf } from './avro.ts';
import { samplesOf, type Sample } from './golden.ts';

const entry = z.object({
  id: z.int().positive(),
  event: z.string(),
  version: z.int().positive(),
  schema: z.string(),
  golden: z.string(),
});
export type LockEntry = z.infer<typeof entry>;
const lockFile = z.object({ releases: z.array(entry) });
const goldenFile = z.array(z.object({ value: z.unknown(), bytes: z.base64() }));

export interface Release {
  /** The registry's id, the same in every environment: ids count the releases in sequence. */
  readonly id: number;
  readonly event: string;
  readonly version: number;
  readonly schema: EventSchema;
  readonly samples: readonly Sample[];
}

/** The contents of the schemas folder. */
export interface Contract {
  /** The versions in `schemas/`, which can differ from the releases. */
  readonly workingSchemas: readonly EventSchema[];
  readonly releases: readonly Release[];
  /** One sentence for each problem of the released files. */
  readonly complaints: readonly string[];
}

export const subjectOf = (schema: EventSchema): string => `${schema.namespace}.${schema.name}`;
export const labelOf = ({ event, version }: Pick<Release, 'event' | 'version'>): string =>
  `${event} v${String(version)}`;

const fingerprint = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('hex');
const schemaPath = (event: string, version: number): string =>
  join('released', event, `v${String(version)}.avsc`);
const goldenPath = (event: string, version: number): string =>
  join('released', event, `v${String(version)}.golden.json`);
const lockPath = join('released', 'lock.json');

const parse = <T>(what: string, shape: z.ZodType<T>, text: string): T => {
  try {
    return shape.parse(JSON.parse(text));
  } catch (error) {
    throw failure(`schemas/${what} is not valid: ${messageOf(error).split('\n')[0] ?? ''}`);
  }
};
const eventSchema = z.custom<EventSchema>(isEventSchema, 'not a record with fields');

/** The entries of the lock file; empty if there is no text. */
export const readLock = (text: string | undefined): readonly LockEntry[] =>
  text === undefined ? [] : parse(lockPath, lockFile, text).releases;

/** The releases of a schemas folder. `read` returns the text of a file in the folder. */
export const releasesOf = (
  read: (path: string) => string | undefined,
): { releases: Release[]; complaints: string[] } => {
  const complaints: string[] = [];
  const releases: Release[] = [];
  const seen = new Map<string, number>();
  for (const [index, locked] of readLock(read(lockPath)).entries()) {
    const { id, event, version } = locked;
    const [schemaText, goldenText] = [read(schemaPath(event, version)), read(goldenPath(event, version))];
    if (schemaText === undefined || goldenText === undefined) {
      const missing = schemaText === undefined ? schemaPath(event, version) : goldenPath(event, version);
      complaints.push(
        `schemas/${missing} is missing: releases must be kept, because their records are on the topics`,
      );
      continue;
    }
    const schema = parse(schemaPath(event, version), eventSchema, schemaText);
    const samples = parse(goldenPath(event, version), goldenFile, goldenText);
    if (fingerprint(schema) !== locked.schema)
      complaints.push(
        `schemas/${schemaPath(event, version)} differs from its release; restore it, and release a new version`,
      );
    if (fingerprint(samples) !== locked.golden)
      complaints.push(`schemas/${goldenPath(event, version)} differs from its release; restore it`);
    if (id !== index + 1)
      complaints.push(
        `${labelOf(locked)} has the id ${String(id)} in schemas/${lockPath}, at position ${String(index + 1)}`,
      );
    if (version !== (seen.get(event) ?? 0) + 1)
      complaints.push(
        `${labelOf(locked)} does not follow v${String(seen.get(event) ?? 0)} in schemas/${lockPath}`,
      );
    seen.set(event, version);
    releases.push({ id, event, version, schema, samples });
  }
  return { releases, complaints };
};

const readFrom =
  (folder: string) =>
  (path: string): string | undefined =>
    existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8') : undefined;

/** Files below `released/` that are not in the lock file. */
const strayFiles = (folder: string, releases: readonly Release[]): string[] => {
  const released = join(folder, 'released');
  if (!existsSync(released)) return [];
  const known = new Set([
    lockPath,
    ...releases.flatMap(({ event, version }) => [schemaPath(event, version), goldenPath(event, version)]),
  ]);
  return readdirSync(released, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(folder.length + 1))
    .filter((path) => !known.has(path));
};

/** The working versions. `checkContract` lints them, except their file names. */
const readWorkingSchemas = (folder: string): EventSchema[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.avsc'))
    .sort()
    .map((file) => {
      const schema = parse(file, eventSchema, readFileSync(join(folder, file), 'utf8'));
      if (file === `${schema.eventType}.avsc`) return schema;
      throw failure(`schemas/${file} has the eventType "${schema.eventType}"; both must have the same name`);
    });

/** Reads the schemas folder. Throws a Failure if a file is not valid. */
export const readContract = (folder = schemasFolder): Contract => {
  const { releases, complaints } = releasesOf(readFrom(folder));
  const unknown = complaints.length > 0 ? [] : strayFiles(folder, releases);
  const remedy = 'is not part of a release; `npm run schemas -- release` makes releases';
  return {
    workingSchemas: readWorkingSchemas(folder),
    releases,
    complaints: [...complaints, ...unknown.map((path) => `schemas/${path} ${remedy}`)],
  };
};

export const releasesOfEvent = (releases: readonly Release[], event: string): Release[] =>
  releases.filter((release) => release.event === event);

/** Events whose working version differs from the last release, or that have no release. */
export const unreleased = ({ workingSchemas, releases }: Contract): EventSchema[] =>
  workingSchemas.filter((schema) => {
    const last = releasesOfEvent(releases, schema.eventType).at(-1);
    return last === undefined || identityOf(last.schema) !== identityOf(schema);
  });

const write = (folder: string, path: string, content: unknown): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), `${JSON.stringify(content, null, 2)}\n`);
};

/** Writes a working version as the next release, or in place of the release `replacing`. */
export const writeRelease = (folder: string, schema: EventSchema, replacing?: Release): Release => {
  const lock = [...readLock(readFrom(folder)(lockPath))];
  const event = schema.eventType;
  const version = replacing?.version ?? lock.filter((locked) => locked.event === event).length + 1;
  const id = replacing?.id ?? lock.length + 1;
  const samples = samplesOf(schema);
  lock[id - 1] = { id, event, version, schema: fingerprint(schema), golden: fingerprint(samples) };
  write(folder, schemaPath(event, version), schema);
  write(folder, goldenPath(event, version), samples);
  write(folder, lockPath, { releases: lock });
  return { id, event, version, schema, samples };
};
