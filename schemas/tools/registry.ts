// Registers the releases in the schema registry, in the sequence of the lock file and with the ids that the lock file records. Used
// by the start of the stack and by `npm run schemas -- register`. Every record contains the id of its schema, so with
// other ids consumers would decode records with the wrong schema. Therefore the registration fails when an id differs from the lock file.
import { z } from 'zod';
import { isEventSchema } from './event-schema.ts';
import { failure, reasonOf } from './failure.ts';
import { callRegistry, type RegistryAddress, type RegistryReply } from './registry-http.ts';
import { textOf } from './avro.ts';
import { misreading } from './golden.ts';
import { labelOf, subjectOf, unreleased, type Contract, type Release } from './releases.ts';

/** The registry must enforce this compatibility mode, because services and records of all versions exist at the same time. */
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
      timeoutMs: requestTimeoutMs,
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

/** Errors of the Confluent API have a `message`, errors of the native API have a `title`. */
const errorMessage = z.object({ message: z.string() }).transform(({ message: text }) => text);
const errorTitle = z.object({ title: z.string() }).transform(({ title }) => title);
const message = ({ status, body }: Reply): string =>
  errorMessage.or(errorTitle).safeParse(body).data ?? `HTTP ${String(status)}`;
const idReply = z.object({ id: z.int() });
const schemaReply = z.object({ schema: z.string() });
const levelReply = z.object({ compatibilityLevel: z.string() });
const nameList = z.array(z.string());
const numberList = z.array(z.int());

const expectAnswer = <T>(question: string, shape: z.ZodType<T>, reply: Reply): T => {
  const read = shape.safeParse(reply.body);
  if (reply.status === 200 && read.success) return read.data;
  throw failure(`the schema registry does not say ${question}: ${message(reply)}`);
};

const subjectUrl = (registry: RegistryAddress, subject: string): string =>
  `${registry.url}/subjects/${encodeURIComponent(subject)}`;

/** The id of a release in the registry; undefined if it is not registered. */
const registeredId = async (registry: RegistryAddress, { schema }: Release): Promise<number | undefined> => {
  const body = { schema: textOf(schema), schemaType: 'AVRO' };
  const reply = await request(registry, subjectUrl(registry, subjectOf(schema)), 'POST', body);
  if (reply.status === 404) return undefined;
  return expectAnswer(`which id ${subjectOf(schema)} has`, idReply, reply).id;
};

/** The text of the schema with an id; undefined if there is none. */
const schemaOfId = async (registry: RegistryAddress, id: number): Promise<string | undefined> => {
  const reply = await request(registry, `${registry.url}/schemas/ids/${String(id)}`, 'GET');
  if (reply.status === 404) return undefined;
  return expectAnswer(`what the schema ${String(id)} is`, schemaReply, reply).schema;
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
  const holder = await schemaOfId(registry, id);
  return holder === undefined
    ? { release, state: 'missing', sentence: `is not registered; its id ${String(id)} is free` }
    : {
        release,
        state: 'id taken',
        sentence: `is not registered, and its id ${String(id)} is that of ${nameOf(holder)}`,
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

const conflictFailure = ({ release, sentence }: ReleaseState) =>
  failure(
    `${labelOf(release)} ${sentence}, so records on the topics would be misread; nothing was registered. This registry has schemas ` +
      'from another source than the releases: see connectors/runbooks/registry-lost.md; on a development machine, ' +
      '`npm run reset` deletes all data and starts an empty stack',
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
  const assigned = expectAnswer(`that it registered ${labelOf(release)}`, idReply, reply).id;
  if (assigned !== id)
    throw failure(
      `the registry gave ${labelOf(release)} the id ${String(assigned)} instead of ${String(id)}, so services must not use this registry: records ` +
        'on the topics would be misread. Delete the storage of the registry and run `npm run schemas -- restore`',
    );
};

const levelOf = async (registry: RegistryAddress, subject: string): Promise<string> => {
  const reply = await request(registry, `${registry.url}/config/${encodeURIComponent(subject)}`, 'GET');
  return expectAnswer(`how compatible ${subject} has to be`, levelReply, reply).compatibilityLevel;
};

/** Sets the mode of the subject if the subject has another mode, and verifies the result. */
const ensureMode = async (registry: RegistryAddress, subject: string): Promise<void> => {
  if ((await levelOf(registry, subject)) === mode) return;
  const url = `${registry.url}/config/${encodeURIComponent(subject)}`;
  await request(registry, url, 'PUT', { compatibility: mode });
  const level = await levelOf(registry, subject);
  if (level !== mode) throw failure(`the registry keeps ${subject} at ${level} and cannot be set to ${mode}`);
};

const versionsOf = async (registry: RegistryAddress, subject: string): Promise<string> => {
  const reply = await request(registry, `${subjectUrl(registry, subject)}/versions`, 'GET');
  return expectAnswer(`which versions ${subject} has`, numberList, reply).join();
};

/** The native API of the registry. It is used only for dry runs, which the Confluent API does not have. */
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
 * Tests that the registry enforces the mode: it must refuse an incompatible version. The test is a dry run, so that a registry
 * without rules does not store the version.
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
      `the registry reports the mode ${mode}, but would accept an incompatible version of ${subject}: it does not enforce its rules; ` +
        'start it with apicurio.rules.global.compatibility=FULL_TRANSITIVE',
    );
};

interface Registration {
  readonly registered: number;
  readonly unchanged: number;
  /** One sentence for each thing that was verified. */
  readonly verified: readonly string[];
}

/**
 * Registers the releases that are missing in the registry; idempotent. Throws a Failure if an id would differ from the recorded id
 * (before it writes anything, where possible), if the registry refuses a version, or if the registry does not enforce the mode.
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
  if (wrong !== undefined) throw conflictFailure(wrong);
  const missing = states.filter(({ state }) => state === 'missing').map(({ release }) => release);
  const subjects = [...new Set(contract.releases.map(({ schema }) => subjectOf(schema)))];
  const withMode = new Set(
    states.filter(({ state }) => state === 'registered').map(({ release }) => subjectOf(release.schema)),
  );
  // A known subject gets the mode before its next version is registered, a new subject after its first version.
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

/** Subjects of the registry that are not in the releases, for example subjects of a newer version of the project. */
export const foreignSubjects = async (
  registry: RegistryAddress,
  { releases }: Contract,
): Promise<string[]> => {
  const reply = await request(registry, `${registry.url}/subjects`, 'GET');
  const known = new Set(releases.map(({ schema }) => subjectOf(schema)));
  return expectAnswer('which subjects it has', nameList, reply).filter((subject) => !known.has(subject));
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
