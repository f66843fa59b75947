// The released versions of every event: what services have written and may still have to read. They never change: the lock
// holds the fingerprint of each, and the id that the registry must give it, because the id is in every record.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { isEventSchema, schemasFolder, type EventSchema } from './generate-events.ts';
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
  /** The registry's id, the same in every environment: ids follow the order of the releases. */
  readonly id: number;
  readonly event: string;
  readonly version: number;
  readonly schema: EventSchema;
  readonly samples: readonly Sample[];
}

/** What the folder of the schemas holds. */
export interface Contract {
  readonly working: readonly EventSchema[];
  readonly releases: readonly Release[];
  /** What is wrong with the released files, a sentence each. */
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
    throw failure(`schemas/${what} cannot be understood: ${messageOf(error).split('\n')[0] ?? ''}`);
  }
};
const eventSchema = z.custom<EventSchema>(isEventSchema, 'not a record with fields');

/** The entries of a lock, from its text; none from no text. */
export const readLock = (text: string | undefined): readonly LockEntry[] =>
  text === undefined ? [] : parse(lockPath, lockFile, text).releases;

/** The releases that the files under a schemas folder describe. `read` yields the text of a path below it. */
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
      const gone = schemaText === undefined ? schemaPath(event, version) : goldenPath(event, version);
      complaints.push(`schemas/${gone} is gone: what was released is kept, because its records are`);
      continue;
    }
    const schema = parse(schemaPath(event, version), eventSchema, schemaText);
    const samples = parse(goldenPath(event, version), goldenFile, goldenText);
    if (fingerprint(schema) !== locked.schema)
      complaints.push(
        `schemas/${schemaPath(event, version)} is not what was released; put it back, and release another version`,
      );
    if (fingerprint(samples) !== locked.golden)
      complaints.push(`schemas/${goldenPath(event, version)} is not what was released; put it back`);
    if (id !== index + 1)
      complaints.push(
        `${labelOf(locked)} has the id ${String(id)} in schemas/${lockPath}, in place ${String(index + 1)}`,
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

/** Files below `released/` that no entry of the lock speaks of. */
const strays = (folder: string, releases: readonly Release[]): string[] => {
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

/** The working versions, as they stand: whether they keep the rules is what the check says. */
const readWorking = (folder: string): EventSchema[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.avsc'))
    .sort()
    .map((file) => parse(file, eventSchema, readFileSync(join(folder, file), 'utf8')));

/** Reads the schemas folder. Throws a failure when a file cannot be understood at all. */
export const readContract = (folder = schemasFolder): Contract => {
  const { releases, complaints } = releasesOf(readFrom(folder));
  const unknown = complaints.length > 0 ? [] : strays(folder, releases);
  const remedy = 'is no part of a release; releases are made by `npm run schemas -- release`';
  return {
    working: readWorking(folder),
    releases,
    complaints: [...complaints, ...unknown.map((path) => `schemas/${path} ${remedy}`)],
  };
};

export const releasesOfEvent = (releases: readonly Release[], event: string): Release[] =>
  releases.filter((release) => release.event === event);

/** Events whose working version is another one than was released last, or that were never released. */
export const unreleased = ({ working, releases }: Contract): EventSchema[] =>
  working.filter((schema) => {
    const last = releasesOfEvent(releases, schema.eventType).at(-1);
    return last === undefined || identityOf(last.schema) !== identityOf(schema);
  });

const write = (folder: string, path: string, content: unknown): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), `${JSON.stringify(content, null, 2)}\n`);
};

/** Freezes a working version: as the next release, or in place of the last one where nobody can have it yet. */
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
