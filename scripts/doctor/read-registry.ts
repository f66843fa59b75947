// Reads the schema registry: the compatibility of subjects, and whether the ids in the outboxes still refer to their schemas.
import type postgres from 'postgres';
import { z } from 'zod';
import { eventCatalogue } from '../../schemas/generated/events.ts';
import { callRegistry, type RegistryAddress } from '../../schemas/tools/registry-http.ts';
import type { ServiceName } from '../stack/topology.ts';
import { timeoutMs, type RegistryFacts, type SchemaIdFacts } from './facts.ts';
import { isEventType } from '../../services/platform/event-codec/event-codec.ts';

const getJson = async (
  registry: RegistryAddress,
  url: string,
): Promise<{ status: number; body: unknown }> => {
  const { status, text } = await callRegistry(registry, url, { timeoutMs });
  return { status, body: text === '' ? undefined : JSON.parse(text) };
};

const requiredCompatibility = 'FULL_TRANSITIVE';

export const readRegistry = async (registry: RegistryAddress): Promise<RegistryFacts> => {
  const { url } = registry;
  const subjects = [...new Set(Object.values(eventCatalogue).map(({ subject }) => subject))];
  const modes = await Promise.all(
    subjects.map(async (subject): Promise<[string, string]> => {
      const path = `${url}/config/${encodeURIComponent(subject)}?defaultToGlobal=true`;
      const { body } = await getJson(registry, path);
      const parsed = z.object({ compatibilityLevel: z.string() }).safeParse(body);
      return [subject, parsed.success ? parsed.data.compatibilityLevel : 'NONE'];
    }),
  );
  // Only Apicurio has this API. With another registry, it stays unknown whether legacy ids are enabled (`legacyIds` is null).
  const property = 'apicurio.ccompat.legacy-id-mode.enabled';
  const adminUrl = new URL(`/apis/registry/v3/admin/config/properties/${property}`, url);
  const legacy = z
    .object({ value: z.string() })
    .safeParse((await getJson(registry, adminUrl.href).catch(() => ({ body: undefined }))).body);
  return {
    wrongCompatibility: Object.fromEntries(modes.filter(([, mode]) => mode !== requiredCompatibility)),
    legacyIds: legacy.success ? legacy.data.value === 'true' : null,
  };
};

/** Looks up the schema ids of the newest rows of the outbox. */
export const readSchemaIds = async (
  sql: postgres.Sql,
  service: ServiceName,
  registry: RegistryAddress,
): Promise<SchemaIdFacts[]> => {
  const used = await sql<{ eventType: string; id: number }[]>`
    SELECT DISTINCT event_type AS "eventType", schema_id AS id
    FROM (SELECT event_type, schema_id FROM outbox ORDER BY occurred_at DESC LIMIT 10000) recent`;
  return Promise.all(
    used.map(async ({ eventType, id }) => {
      const { status, body } = await getJson(registry, `${registry.url}/schemas/ids/${id}`);
      const answer = z.object({ schema: z.string() }).safeParse(body);
      const record =
        status === 200 && answer.success
          ? z
              .object({ name: z.string(), namespace: z.string() })
              .transform(({ name, namespace }) => `${namespace}.${name}`)
              .parse(JSON.parse(answer.data.schema))
          : null;
      const expected = isEventType(eventType) ? eventCatalogue[eventType].subject : undefined;
      return { service, eventType, id, expected, found: record };
    }),
  );
};
