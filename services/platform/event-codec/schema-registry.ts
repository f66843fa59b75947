// The service's client of the schema registry. It only looks up schemas: registration is a reviewed deployment step, so that
// no service can publish a contract that nobody has reviewed.
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import avro, { type Type } from 'avsc';
import { Agent } from 'node:https';
import { eventCatalogue, type EventType } from '../../../schemas/generated/events.ts';
import { avroOptions } from '../../../schemas/avro-types.ts';
import type { RegistrySecurity } from '../process/security/registry-security.ts';
import type { Logger } from '../process/logger.ts';
import { pause } from '../process/retry.ts';
import { withTimeout } from '../process/timeout.ts';
import { DependencyUnavailable } from '../database/transient.ts';

/** The writer's schema of a record; undefined when the registry has no Avro schema with the id. */
export type WriterSchemas = (id: number) => Promise<Type | undefined>;

interface RegistryClient {
  /** The registered id of the event type's schema in this build; undefined until it is resolved. */
  schemaId(type: EventType): number | undefined;
  writerSchema: WriterSchemas;
  /** Looks up the ids of the event types, and retries until all are resolved or the signal is aborted. */
  resolveIds(types: readonly EventType[], signal: AbortSignal): Promise<void>;
  /**
   * Looks up one of the resolved ids again. Rejects when the registry does not answer, does not have the schema, or has another
   * id for the schema. Resolves without a call while no id is resolved.
   */
  check(): Promise<void>;
  /** Event types whose id is not resolved. */
  missing(): readonly EventType[];
}

const requestTimeoutMs = 5_000;
const retryEveryMs = 1_000;

const isAvroType = (schema: object): schema is Type => avro.Type.isType(schema);

/** Whether the registry answered 404. For a lookup by schema text, the client throws its own error without a status. */
const isNotFound = (error: unknown): boolean =>
  error instanceof Error &&
  (('status' in error && error.status === 404) || error.name === 'ConfluentSchemaRegistryError');

/** Resolves to undefined when the registry answers 404. @throws DependencyUnavailable for every other failure. */
async function undefinedIfNotFound<T>(call: Promise<T>): Promise<T | undefined> {
  const timeout = () =>
    new DependencyUnavailable(`the schema registry did not answer within ${requestTimeoutMs} ms`);
  try {
    return await withTimeout(call, requestTimeoutMs, timeout);
  } catch (cause) {
    if (isNotFound(cause)) return undefined;
    if (cause instanceof DependencyUnavailable) throw cause;
    throw new DependencyUnavailable('the schema registry is unavailable', { cause });
  }
}

/** `host` is the base URL of the Confluent-compatible API. */
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

  const lookUpId = (type: EventType): Promise<number | undefined> => {
    const { subject, schema } = eventCatalogue[type];
    return undefinedIfNotFound(registry.getRegistryIdBySchema(subject, { type: SchemaType.AVRO, schema }));
  };

  const resolveId = async (type: EventType): Promise<void> => {
    const id = await lookUpId(type);
    if (id === undefined)
      throw new DependencyUnavailable(
        `the registry does not have this build's schema of ${type}; npm run schemas -- verify shows what is missing`,
      );
    ids.set(type, id);
  };

  /**
   * Ids are valid only in the registry that assigned them. With an empty registry, valid records would be undecodable; with
   * a registry that has assigned other ids, records would be decoded wrongly. Both count as unavailable.
   */
  const assertSameRegistry = async (): Promise<void> => {
    const [resolved] = ids;
    if (resolved === undefined) return;
    const [type, id] = resolved;
    const current = await lookUpId(type);
    if (current === id) return;
    const { subject } = eventCatalogue[type];
    throw new DependencyUnavailable(
      current === undefined
        ? `the schema registry has lost its schemas: it no longer knows ${subject}`
        : `the schema registry has other ids than before: ${subject} had ${id} and has ${current}`,
    );
  };

  let checking: Promise<void> | undefined;

  return {
    // Concurrent checks share one call, so that calls to a hanging registry do not accumulate.
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
      const schema = await undefinedIfNotFound(registry.getSchema(id));
      return schema !== undefined && isAvroType(schema) ? schema : undefined;
    },
  };
}
