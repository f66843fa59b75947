// The registry side of the contract: what is released is registered, in the order of the releases and under the recorded ids,
// and nothing else ever is. The boot of the stack and `npm run schemas -- register` both come through here. The id of its
// schema is in every record, so an id that comes out otherwise ends the registration: reading on would misread.
import { z } from 'zod';
import { isEventSchema } from './generate-events.ts';
import { failure, reasonOf } from './failure.ts';
import { callRegistry, type RegistryAddress, type RegistryReply } from './registry-http.ts';
import { textOf } from './avro.ts';
import { misreading } from './golden.ts';
import { labelOf, subjectOf, unreleased, type Contract, type Release } from './releases.ts';

/** What the registry has to enforce: services and retained records of all versions live side by side. */
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

/** The Confluent API has a `message`, the registry's own a problem with `detail` and `title`. */
const saying = z.object({ message: z.string() }).transform(({ message: text }) => text);
const problem = z.object({ title: z.string() }).transform(({ title }) => title);
const message = ({ status, body }: Reply): string =>
  saying.or(problem).safeParse(body).data ?? `HTTP ${String(status)}`;
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

/** The id under which the registry has a release; undefined when it does not have it. */
const registeredId = async (registry: RegistryAddress, { schema }: Release): Promise<number | undefined> => {
  const body = { schema: textOf(schema), schemaType: 'AVRO' };
  const reply = await request(registry, subjectUrl(registry, subjectOf(schema)), 'POST', body);
  if (reply.status === 404) return undefined;
  return answer(`which id ${subjectOf(schema)} has`, withId, reply).id;
};

/** The text of the schema with an id; undefined when there is none. */
const schemaOfId = async (registry: RegistryAddress, id: number): Promise<string | undefined> => {
  const reply = await request(registry, `${registry.url}/schemas/ids/${String(id)}`, 'GET');
  if (reply.status === 404) return undefined;
  return answer(`what the schema ${String(id)} is`, withSchema, reply).schema;
};

const nameOf = (text: string): string => {
  const named = z.object({ namespace: z.string(), name: z.string() }).safeParse(JSON.parse(text));
  return named.success ? `${named.data.namespace}.${named.data.name}` : 'another schema';
};

/** One release as the registry has it. */
export interface Standing {
  readonly release: Release;
  readonly state: 'registered' | 'missing' | 'other id' | 'id taken';
  /** Completes the sentence "order.created v1 …". */
  readonly sentence: string;
}

const standingOf = async (registry: RegistryAddress, release: Release): Promise<Standing> => {
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

/** How each release stands in the registry. Changes nothing. */
export const standings = async (
  registry: RegistryAddress,
  releases: readonly Release[],
): Promise<Standing[]> => {
  const found: Standing[] = [];
  for (const release of releases) found.push(await standingOf(registry, release));
  return found;
};

const contradiction = ({ release, sentence }: Standing): never => {
  throw failure(
    `${labelOf(release)} ${sentence}, so records that are on the topics would be misread; nothing was registered. This registry ` +
      'was filled by something else than the releases: see connectors/runbooks/registry-lost.md; on a development machine, ' +
      '`npm run reset` starts afresh',
  );
};

const registerOne = async (registry: RegistryAddress, release: Release): Promise<void> => {
  const { id, schema } = release;
  const subject = subjectOf(schema);
  const body = { schema: textOf(schema), schemaType: 'AVRO' };
  const reply = await request(registry, `${subjectUrl(registry, subject)}/versions`, 'POST', body);
  if (reply.status === 409)
    throw failure(
      `the schema of ${labelOf(release)} is not compatible with the versions before it, so the registry refuses it ` +
        `(${message(reply)}); \`npm run schemas -- check\` says where, \`npm run schemas -- report\` what to do instead`,
    );
  const given = answer(`that it took ${labelOf(release)}`, withId, reply).id;
  if (given !== id)
    throw failure(
      `the registry gave ${labelOf(release)} the id ${String(given)} instead of ${String(id)}, so services must not use it: records ` +
        'that are on the topics would be misread. Empty its storage and run `npm run schemas -- restore`',
    );
};

const levelOf = async (registry: RegistryAddress, subject: string): Promise<string> => {
  const reply = await request(registry, `${registry.url}/config/${encodeURIComponent(subject)}`, 'GET');
  return answer(`how compatible ${subject} has to be`, withLevel, reply).compatibilityLevel;
};

/** Sets the mode where it is another one, and reads back what is in force. */
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

/** The registry's own API: the Confluent one, which everybody else uses, has no way to try without doing. */
const nativeApi = (registry: RegistryAddress): string => new URL('/apis/registry/v3', registry.url).href;

const violation = z.object({ name: z.literal('RuleViolationException') });

/**
 * Whether the registry would take a version: asked for with a dry run of the very call that would make it. A version that it
 * would take uses up an id all the same, so this is asked of versions that should be refused.
 */
export const wouldTake = async (
  registry: RegistryAddress,
  subject: string,
  schema: string,
): Promise<boolean> => {
  const url = `${nativeApi(registry)}/groups/default/artifacts/${encodeURIComponent(subject)}/versions?dryRun=true`;
  const body = { content: { content: schema, contentType: 'application/json' } };
  const reply = await request(registry, url, 'POST', body, 'application/json');
  if (reply.status === 200) return true;
  if (violation.safeParse(reply.body).success) return false;
  throw failure(`the registry does not say whether it would take a version of ${subject}: ${message(reply)}`);
};

/**
 * Rules that are configured are not yet rules that are enforced: an incompatible version is tried, as a dry run, so that
 * nothing is left behind even by a registry that would have taken it.
 */
const probe = async (registry: RegistryAddress, { schema }: Release): Promise<void> => {
  const subject = subjectOf(schema);
  const before = await versionsOf(registry, subject);
  const incompatible = {
    ...schema,
    fields: [...schema.fields, { name: 'probe', type: 'string', doc: 'Has no default.' }],
  };
  const taken = await wouldTake(registry, subject, textOf(incompatible));
  if ((await versionsOf(registry, subject)) !== before)
    throw failure(`the registry has changed the versions of ${subject} while it was only asked`);
  if (taken)
    throw failure(
      `the registry says ${mode}, but would take an incompatible version of ${subject}: it does not enforce its rules; ` +
        'start it with apicurio.rules.global.compatibility=FULL_TRANSITIVE',
    );
};

export interface Registration {
  readonly registered: number;
  readonly unchanged: number;
  /** What was verified, a sentence each. */
  readonly verified: readonly string[];
}

/**
 * Registers what is released and not yet registered; safe to repeat. `registry` has the Confluent API.
 * Throws a failure, before it writes anything where it can, when an id would not be the recorded one, when the registry
 * refuses a version, and when it does not enforce what it should.
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
  const found = await standings(registry, contract.releases);
  const wrong = found.find(({ state }) => state === 'other id' || state === 'id taken');
  if (wrong !== undefined) contradiction(wrong);
  const missing = found.filter(({ state }) => state === 'missing').map(({ release }) => release);
  const subjects = [...new Set(contract.releases.map(({ schema }) => subjectOf(schema)))];
  const old = new Set(
    found.filter(({ state }) => state === 'registered').map(({ release }) => subjectOf(release.schema)),
  );
  // Before anything new is taken, and again for subjects that did not exist until now.
  for (const subject of old) await ensureMode(registry, subject);
  for (const release of missing) {
    await registerOne(registry, release);
    if (!old.has(subjectOf(release.schema))) await ensureMode(registry, subjectOf(release.schema));
    old.add(subjectOf(release.schema));
  }
  const [first] = contract.releases;
  if (first !== undefined) await probe(registry, first);
  return {
    registered: missing.length,
    unchanged: contract.releases.length - missing.length,
    verified: [
      `${String(contract.releases.length)} releases have the recorded ids 1 to ${String(contract.releases.length)}`,
      `${String(subjects.length)} subjects are ${mode}, read back`,
      `an incompatible version is refused, and the trial left nothing behind`,
    ],
  };
};

/** Subjects that the releases do not know: of a newer tree, or of somebody else. */
export const foreignSubjects = async (
  registry: RegistryAddress,
  { releases }: Contract,
): Promise<string[]> => {
  const reply = await request(registry, `${registry.url}/subjects`, 'GET');
  const known = new Set(releases.map(({ schema }) => subjectOf(schema)));
  return answer('which subjects it has', names, reply).filter((subject) => !known.has(subject));
};

/** Reads the golden bytes of every release with the schema that the registry has under its id: what services will do. */
export const decodesThePast = async (registry: RegistryAddress, { releases }: Contract): Promise<number> => {
  let records = 0;
  for (const release of releases) {
    const text = await schemaOfId(registry, release.id);
    if (text === undefined) throw failure(`the registry has no schema with the id ${String(release.id)}`);
    const writer: unknown = JSON.parse(text);
    if (!isEventSchema(writer) || nameOf(text) !== subjectOf(release.schema))
      throw failure(
        `the schema with the id ${String(release.id)} is not ${labelOf(release)} but ${nameOf(text)}`,
      );
    const wrong = misreading(release.schema, writer, release.samples);
    if (wrong !== undefined) throw failure(`golden bytes of ${labelOf(release)} are misread: ${wrong}`);
    records += release.samples.length;
  }
  return records;
};
