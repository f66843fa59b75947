// What an integration test of one service needs: a database of its own, a connection to it, a codec of the stack's registry.
import { afterAll, beforeAll } from 'vitest';
import type { ServiceName } from '../../scripts/stack/topology.ts';
import type { EventType } from '../../schemas/generated/events.ts';
import {
  connectDatabase,
  type Connection,
  type Database,
} from '../../services/platform/database/database.ts';
import { createEventCodec, type EventCodec } from '../../services/platform/event-codec/event-codec.ts';
import { createRegistryClient } from '../../services/platform/event-codec/schema-registry.ts';
import { createLogger } from '../../services/platform/process/logger.ts';
import type { Shell } from '../../services/platform/transaction/handle.ts';
import { createTestDatabase, type TestDatabase } from '../stack/test-database.ts';
import { stack } from '../stack/worker-stack.ts';

export const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** The context of an input that a test submits. */
export const testContext = { correlationId: 'c', causationId: 'c', traceparent, actor: 'tester' };

/** A codec that encodes these event types. */
export async function createTestCodec(types: readonly EventType[]): Promise<EventCodec> {
  const logger = createLogger({ service: 'test', level: 'error' });
  const registry = createRegistryClient(stack.urls.registry, logger);
  await registry.resolveIds(types, new AbortController().signal);
  return createEventCodec(registry.schemaId, registry.writerSchema);
}

/** The database of a test file. It can be used from `beforeAll` on. */
export interface UsedDatabase {
  readonly name: string;
  readonly url: string;
  readonly connection: Connection;
  readonly db: Database;
}

/** Creates a database for a service before the tests of the file, and drops it after them. */
export function useTestDatabase(
  service: ServiceName,
  options: { readonly poolSize?: number } = {},
): UsedDatabase {
  let created: { readonly database: TestDatabase; readonly connection: Connection } | undefined;
  const used = () => {
    if (!created) throw new Error('the database does not exist before `beforeAll`');
    return created;
  };
  beforeAll(async () => {
    const database = await createTestDatabase(service, stack.databases[service].admin);
    created = { database, connection: connectDatabase(database.url, 'test', options) };
  });
  afterAll(async () => {
    await created?.connection.close();
    await created?.database.drop();
  });
  return {
    get name() {
      return used().database.name;
    },
    get url() {
      return used().database.url;
    },
    get connection() {
      return used().connection;
    },
    get db() {
      return used().connection.db;
    },
  };
}

/** The same, with a shell whose codec encodes these event types. */
export function useTestShell(
  service: ServiceName,
  types: readonly EventType[],
): { readonly database: UsedDatabase; readonly shell: Shell } {
  const database = useTestDatabase(service);
  let codec: EventCodec | undefined;
  beforeAll(async () => {
    codec = await createTestCodec(types);
  });
  const shell = {
    get db() {
      return database.db;
    },
    get codec() {
      if (!codec) throw new Error('the codec does not exist before `beforeAll`');
      return codec;
    },
  };
  return { database, shell };
}
