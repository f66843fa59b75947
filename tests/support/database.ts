// The fixtures of an integration test of one service: a separate database, a connection to it, and a codec that uses the registry of
// the stack.
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

/** Creates a codec that can encode the given event types. */
export async function createTestCodec(types: readonly EventType[]): Promise<EventCodec> {
  const logger = createLogger({ service: 'test', level: 'error' });
  const registry = createRegistryClient(stack.urls.registry, logger);
  await registry.resolveIds(types, new AbortController().signal);
  return createEventCodec(registry.schemaId, registry.writerSchema);
}

/** The database of a test file. It exists once `beforeAll` has run. */
export interface TestDatabaseHandle {
  readonly name: string;
  readonly url: string;
  readonly connection: Connection;
  readonly db: Database;
}

/** Creates a database for a service before the tests of the file, and drops the database after the tests. */
export function useTestDatabase(
  service: ServiceName,
  options: { readonly poolSize?: number } = {},
): TestDatabaseHandle {
  let created: { readonly database: TestDatabase; readonly connection: Connection } | undefined;
  const existing = () => {
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
      return existing().database.name;
    },
    get url() {
      return existing().database.url;
    },
    get connection() {
      return existing().connection;
    },
    get db() {
      return existing().connection.db;
    },
  };
}

/** Like `useTestDatabase`, with a shell whose codec can encode the given event types. */
export function useTestShell(
  service: ServiceName,
  types: readonly EventType[],
): { readonly database: TestDatabaseHandle; readonly shell: Shell } {
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
