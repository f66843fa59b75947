// Registers the releases in the schema registry, in their order and with the recorded ids. The start of the stack and `npm run
// schemas -- register` use it. Every record has the id of its schema, so a different id ends the registration: records would be
// decoded with the wrong schema.
import { z } from 'zod';
import { isEventSchema } from './generate-events.ts';
import { failure, reasonOf } from './failure.ts';
import { callRegistry, type RegistryAddress, type RegistryReply } from './registry-http.ts';
import { textOf } from './avro.ts';
import { misreading } from './golden.ts';
import { labelOf, subjectOf, unreleased, type Contract, type Release } from './releases.ts';

/**
 * The compatibility mode that the registry must enforce, because services and records of all versions exist at the same
 * time.
 */
const mode = 'FULL_TRANSITIVE';
const mediaType = 'application/vnd.schemaregistry.v1+json';
const requestTimeoutMs = 30_000;

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

const request = async (
  registry: RegistryAddress,
  url: string,
  method: string,
  body?: unknown,
  type = mediaType,
): Promise<Reply> => {
  let reply: RegistryReply;
  try {
    reply = await callRegistry(registry, url, {
      method,
      headers: { 'content-type': type, accept: type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      withinMs: requestTimeoutMs,
    });
  } catch (error) {
    throw failure(
      `the schema registry at ${new URL(url).origin} does not answer (${reasonOf(error)}); start the stack, or name the registry with --registry`,
    );
  }
  const { status, text } = reply;
  try {
    return { status, body: JSON.parse(text) };
  } catch {
    return { status, body: { message: text.slice(0, 300) } };
  }
};

/** Errors of the Confluent API have a `message`, those of the registry's own API a `title`. */
const errorMessage = z.object({ message: z.string() }).transform(({ message: text }) => text);
const errorTitle = z.object({ title: z.string() }).transform(({ title }) => title);
const message = ({ status, body }: Reply): string =>
  errorMessage.or(errorTitle).safeParse(body).data ?? `HTTP ${String(status)}`;
const withId = z.object({ id: z.int() });
const withSchema = z.object({ schema: z.string() });
const withLevel = z.object({ compatibilityLevel: z.string() });
const names = z.array(z.string());
const numbers = z.array(z.int());

const answer = <T>(what: string, shape: z.ZodType<T>, reply: Reply): T => {
  const read = shape.safeParse(reply.body);
  if (reply.status === 200 && read.success) return read.data;
  throw failure(`the schema registry does not say ${what}: ${message(reply)}`);
};

const subjectUrl = (registry: RegistryAddress, subject: string): string =>
  `${registry.url}/subjects/${encodeURIComponent(subject)}`;

/** The id of a release in the registry; undefined if it is not registered. */
const registeredId = async (registry: RegistryAddress, { schema }: Release): Promise<number | undefined> => {
  const body = { schema: textOf(schema), schemaType: 'AVRO' };
  const reply = await request(registry, subjectUrl(registry, subjectOf(schema)), 'POST', body);
  if (reply.status === 404) return undefined;
  return answer(`which id ${subjectOf(schema)} has`, withId, reply).id;
};

/** The text of the schema with an id; undefined if there is none. */
const schemaOfId = async (registry: RegistryAddress, id: number): Promise<string | undefined> => {
  const reply = await request(registry, `${registry.url}/schemas/ids/${String(id)}`, 'GET');
  if (reply.status === 404) return undefined;
  return answer(`what the schema ${String(id)} is`, withSchema, reply).schema;
};

const nameOf = (text: string): string => {
  const named = z.object({ namespace: z.string(), name: z.string() }).safeParse(JSON.parse(text));
  return named.success ? `${named.data.namespace}.${named.data.name}` : 'another schema';
};

/** The state of one release in the registry. */
interface ReleaseState {
  readonly release: Release;
  readonly state: 'registered' | 'missing' | 'other id' | 'id taken';
  /** Completes the sentence "order.created v1 …". */
  readonly sentence: string;
}

const readState = async (registry: RegistryAddress, release: Release): Promise<ReleaseState> => {
  const { id } = release;
  const known = await registeredId(registry, release);
  if (known === id) return { release, state: 'registered', sentence: `has the id ${String(id)}` };
  if (known !== undefined)
    return { release, state: 'other id', sentence: `has the id ${String(known)} instead of ${String(id)}` };
  const taken = await schemaOfId(registry, id);
  return taken === undefined
    ? { release, state: 'missing', sentence: `is not registered; its id ${String(id)} is free` }
    : {
        release,
        state: 'id taken',
        sentence: `is not registered, and its id ${String(id)} is that of ${nameOf(taken)}`,
      };
};

/** Reads the state of each release in the registry. */
export const readReleaseStates = async (
  registry: RegistryAddress,
  releases: readonly Release[],
): Promise<ReleaseState[]> => {
  const found: ReleaseState[] = [];
  for (const release of releases) found.push(await readState(registry, release));
  return found;
};

const contradiction = ({ release, sentence }: ReleaseState) =>
  failure(
    `${labelOf(release)} ${sentence}, so records on the topics would be misread; nothing was registered. This registry has schemas ` +
      'from another source than the releases: see connectors/runbooks/registry-lost.md; on a development machine, ' +
      '`npm run reset` deletes all data and starts again',
  );

const registerOne = async (registry: RegistryAddress, release: Release): Promise<void> => {
  const { id, schema } = release;
  const subject = subjectOf(schema);
  const body = { schema: textOf(schema), schemaType: 'AVRO' };
  const reply = await request(registry, `${subjectUrl(registry, subject)}/versions`, 'POST', body);
  if (reply.status === 409)
    throw failure(
      `the registry refuses ${labelOf(release)}, because it is not compatible with the versions before it ` +
        `(${message(reply)}); \`npm run schemas -- check\` names the field, \`npm run schemas -- report\` shows the alternatives`,
    );
  const given = answer(`that it took ${labelOf(release)}`, withId, reply).id;
  if (given !== id)
    throw failure(
      `the registry gave ${labelOf(release)} the id ${String(given)} instead of ${String(id)}, so services must not use it: records ` +
        'on the topics would be misread. Delete the storage of the registry and run `npm run schemas -- restore`',
    );
};

const levelOf = async (registry: RegistryAddress, subject: string): Promise<string> => {
  const reply = await request(registry, `${registry.url}/config/${encodeURIComponent(subject)}`, 'GET');
  return answer(`how compatible ${subject} has to be`, withLevel, reply).compatibilityLevel;
};

/** Sets the mode if it differs, and reads it back. */
const ensureMode = async (registry: RegistryAddress, subject: string): Promise<void> => {
  if ((await levelOf(registry, subject)) === mode) return;
  const url = `${registry.url}/config/${encodeURIComponent(subject)}`;
  await request(registry, url, 'PUT', { compatibility: mode });
  const level = await levelOf(registry, subject);
  if (level !== mode) throw failure(`the registry keeps ${subject} at ${level} and cannot be set to ${mode}`);
};

const versionsOf = async (registry: RegistryAddress, subject: string): Promise<string> => {
  const reply = await request(registry, `${subjectUrl(registry, subject)}/versions`, 'GET');
  return answer(`which versions ${subject} has`, numbers, reply).join();
};

/** The registry's own API, which has a dry run. The Confluent API, which is used otherwise, has none. */
const nativeApi = (registry: RegistryAddress): string => new URL('/apis/registry/v3', registry.url).href;

const violation = z.object({ name: z.literal('RuleViolationException') });

/**
 * Whether the registry would accept a version, by a dry run of its registration. A dry run that succeeds uses up an id, so
 * call this only with versions that should be refused.
 */
export const wouldAccept = async (
  registry: RegistryAddress,
  subject: string,
  schema: string,
): Promise<boolean> => {
  const url = `${nativeApi(registry)}/groups/default/artifacts/${encodeURIComponent(subject)}/versions?dryRun=true`;
  const body = { content: { content: schema, contentType: 'application/json' } };
  const reply = await request(registry, url, 'POST', body, 'application/json');
  if (reply.status === 200) return true;
  if (violation.safeParse(reply.body).success) return false;
  throw failure(
    `the registry does not say whether it would accept a version of ${subject}: ${message(reply)}`,
  );
};

/**
 * Tests that the registry enforces its mode: a dry run of an incompatible version must be refused. A dry run, so that even a
 * registry that accepts it does not store the version.
 */
const probe = async (registry: RegistryAddress, { schema }: Release): Promise<void> => {
  const subject = subjectOf(schema);
  const before = await versionsOf(registry, subject);
  const incompatible = {
    ...schema,
    fields: [...schema.fields, { name: 'probe', type: 'string', doc: 'Has no default.' }],
  };
  const accepted = await wouldAccept(registry, subject, textOf(incompatible));
  if ((await versionsOf(registry, subject)) !== before)
    throw failure(`the registry has changed the versions of ${subject} during a dry run`);
  if (accepted)
    throw failure(
      `the registry says ${mode}, but would accept an incompatible version of ${subject}: it does not enforce its rules; ` +
        'start it with apicurio.rules.global.compatibility=FULL_TRANSITIVE',
    );
};

export interface Registration {
  readonly registered: number;
  readonly unchanged: number;
  /** One sentence for each thing that was verified. */
  readonly verified: readonly string[];
}

/**
 * Registers the releases that are missing in the registry; can be repeated. Throws a Failure if an id would differ from the
 * recorded one (if possible before it writes anything), if the registry refuses a version, or if it does not enforce its
 * mode.
 */
export const registerSchemas = async (
  registry: RegistryAddress,
  contract: Contract,
): Promise<Registration> => {
  const [complaint] = contract.complaints;
  if (complaint !== undefined) throw failure(complaint);
  const [pending] = unreleased(contract);
  if (pending !== undefined)
    throw failure(
      `schemas/${pending.eventType}.avsc has changes that are not released, and only releases are registered; ` +
        `run: npm run schemas -- release ${pending.eventType}`,
    );
  const states = await readReleaseStates(registry, contract.releases);
  const wrong = states.find(({ state }) => state === 'other id' || state === 'id taken');
  if (wrong !== undefined) throw contradiction(wrong);
  const missing = states.filter(({ state }) => state === 'missing').map(({ release }) => release);
  const subjects = [...new Set(contract.releases.map(({ schema }) => subjectOf(schema)))];
  const withMode = new Set(
    states.filter(({ state }) => state === 'registered').map(({ release }) => subjectOf(release.schema)),
  );
  // The mode of known subjects is set before a version is registered; that of a new subject after its first version.
  for (const subject of withMode) await ensureMode(registry, subject);
  for (const release of missing) {
    const subject = subjectOf(release.schema);
    await registerOne(registry, release);
    if (!withMode.has(subject)) await ensureMode(registry, subject);
    withMode.add(subject);
  }
  const [first] = contract.releases;
  if (first !== undefined) await probe(registry, first);
  return {
    registered: missing.length,
    unchanged: contract.releases.length - missing.length,
    verified: [
      `${String(contract.releases.length)} releases have the recorded ids 1 to ${String(contract.releases.length)}`,
      `${String(subjects.length)} subjects have the mode ${mode}`,
      'a dry run of an incompatible version is refused and stores nothing',
    ],
  };
};

/** Subjects of the registry that are not in the releases, for example those of a newer version of the project. */
export const foreignSubjects = async (
  registry: RegistryAddress,
  { releases }: Contract,
): Promise<string[]> => {
  const reply = await request(registry, `${registry.url}/subjects`, 'GET');
  const known = new Set(releases.map(({ schema }) => subjectOf(schema)));
  return answer('which subjects it has', names, reply).filter((subject) => !known.has(subject));
};

/**
 * Reads the golden bytes of every release with the schema that the registry has under its id, as services do. Resolves to
 * the number of records.
 */
export const readGoldenBytes = async (registry: RegistryAddress, { releases }: Contract): Promise<number> => {
  let records = 0;
  for (const release of releases) {
    const text = await schemaOfId(registry, release.id);
    if (text === undefined) throw failure(`the registry has no schema with the id ${String(release.id)}`);
    const writer: unknown = JSON.parse(text);
    if (!isEventSchema(writer) || nameOf(text) !== subjectOf(release.schema))
      throw failure(
        `the schema with the id ${String(release.id)} is not ${labelOf(release)} but ${nameOf(text)}`,
      );
    const problem = misreading(release.schema, writer, release.samples);
    if (problem !== undefined) throw failure(`golden bytes of ${labelOf(release)} are misread: ${problem}`);
    records += release.samples.length;
  }
  return records;
};
