// The schema registry seen by a service: it looks up, it never registers. Registration is a reviewed deployment step; a
// service that registered by itself could publish a contract nobody has seen.
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import avro, { type Type } from 'avsc';
import { Agent } from 'node:https';
import { eventCatalogue, type EventType } from '../../../schemas/generated/events.ts';
import { avroOptions } from '../../../schemas/avro-types.ts';
import type { RegistrySecurity } from '../process/security/registry-security.ts';
import type { Logger } from '../process/logger.ts';
import { pause } from '../process/retry.ts';
import { DependencyUnavailable } from '../database/transient.ts';

/** The schema a record was written with, or undefined when the registry has no such id. */
export type WriterSchemas = (id: number) => Promise<Type | undefined>;

export interface RegistryClient {
  /** Registered id of the event type's schema as this service was built with; undefined until it is resolved. */
  schemaId(type: EventType): number | undefined;
  writerSchema: WriterSchemas;
  /** Looks up the ids of all event types, trying again until it has them or the signal is aborted. */
  resolveIds(types: readonly EventType[], signal: AbortSignal): Promise<void>;
  /** Rejects when the registry does not answer or no longer gives the ids that were resolved. */
  check(): Promise<void>;
  /** Event types whose id is still missing. */
  missing(): readonly EventType[];
}

const requestTimeoutMs = 5_000;
const retryEveryMs = 1_000;

const isAvroType = (schema: object): schema is Type => avro.Type.isType(schema);

/** A 404, which the client wraps into an error of its own, without the status, when a schema was looked up by its text. */
const isUnknown = (error: unknown): boolean =>
  error instanceof Error &&
  (('status' in error && error.status === 404) || error.name === 'ConfluentSchemaRegistryError');

/** Bounds a call of the registry and tells an answer "no" from no answer. */
async function ask<T>(call: Promise<T>): Promise<T | undefined> {
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new DependencyUnavailable(`the schema registry did not answer within ${requestTimeoutMs} ms`));
  }, requestTimeoutMs);
  try {
    return await Promise.race([call, deadline]);
  } catch (cause) {
    if (isUnknown(cause)) return undefined;
    if (cause instanceof DependencyUnavailable) throw cause;
    throw new DependencyUnavailable('the schema registry cannot be asked', { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** Client of the registry at `host`, the base URL of its Confluent-compatible API. */
export function createRegistryClient(
  host: string,
  logger: Logger,
  { tls, user }: RegistrySecurity = { tls: false },
): RegistryClient {
  const registry = new SchemaRegistry(
    {
      host,
      retry: { retries: 2, initialRetryTimeInSecs: 0.1, maxRetryTimeInSecs: 1 },
      ...(tls === false ? {} : { agent: new Agent(tls) }),
      ...(user === undefined ? {} : { auth: user }),
    },
    { [SchemaType.AVRO]: avroOptions() },
  );
  const ids = new Map<EventType, number>();
  let wanted: readonly EventType[] = [];
  const missing = (): readonly EventType[] => wanted.filter((type) => !ids.has(type));

  const resolveId = async (type: EventType): Promise<void> => {
    const { subject, schema } = eventCatalogue[type];
    const id = await ask(registry.getRegistryIdBySchema(subject, { type: SchemaType.AVRO, schema }));
    if (id === undefined) throw new DependencyUnavailable(`${subject} is not registered in this version`);
    ids.set(type, id);
  };

  /**
   * An id means something only in the registry that gave it. One that came back empty would call good records unknown, and
   * one that was filled in another order would have them misread; both are waited for instead.
   */
  const assertSameRegistry = async (): Promise<void> => {
    const [own] = ids;
    if (own === undefined) return;
    const [type, id] = own;
    const { subject, schema } = eventCatalogue[type];
    const now = await ask(registry.getRegistryIdBySchema(subject, { type: SchemaType.AVRO, schema }));
    if (now === id) return;
    throw new DependencyUnavailable(
      now === undefined
        ? `the schema registry has lost its schemas: it no longer knows ${subject}`
        : `the schema registry has other ids than before: ${subject} had ${id} and has ${now}`,
    );
  };

  let checking: Promise<void> | undefined;

  return {
    // A registry that hangs is asked again only once the last question has ended.
    check: () =>
      (checking ??= assertSameRegistry().finally(() => {
        checking = undefined;
      })),
    schemaId: (type) => ids.get(type),
    missing,
    resolveIds: async (types, signal) => {
      wanted = types;
      while (missing().length > 0 && !signal.aborted) {
        try {
          await Promise.all(missing().map(resolveId));
        } catch (error) {
          logger.warn('waiting for the schema registry', { error, missing: missing() });
          await pause(retryEveryMs, signal);
        }
      }
    },
    writerSchema: async (id) => {
      await assertSameRegistry();
      const schema = await ask(registry.getSchema(id));
      return schema !== undefined && isAvroType(schema) ? schema : undefined;
    },
  };
}
