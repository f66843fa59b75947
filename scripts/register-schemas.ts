// Registers every event schema with the schema registry, whose global rules decide: an incompatible one is refused here,
// before any service starts, so that no event a consumer cannot read is ever written.
import { failure } from './stack/failure.ts';
import { isObject } from './stack/json.ts';
import { eventCatalogue } from '../schemas/generated/events.ts';

const mediaType = 'application/vnd.schemaregistry.v1+json';

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

const request = async (url: string, body: unknown): Promise<Reply> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': mediaType, accept: mediaType },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: { message: text.slice(0, 300) } };
  }
};

const message = (reply: Reply): string =>
  isObject(reply.body) && typeof reply.body['message'] === 'string'
    ? reply.body['message']
    : `HTTP ${String(reply.status)}`;

const register = async (
  registryUrl: string,
  subject: string,
  schema: string,
): Promise<'registered' | 'unchanged'> => {
  const path = `${registryUrl}/subjects/${encodeURIComponent(subject)}`;
  const known = await request(path, { schema, schemaType: 'AVRO' });
  if (known.status === 200) return 'unchanged';
  const reply = await request(`${path}/versions`, { schema, schemaType: 'AVRO' });
  if (reply.status === 200) return 'registered';
  if (reply.status === 409)
    throw failure(
      `the schema of ${subject} is not compatible with the versions before it, so the registry refuses it (${message(reply)}); ` +
        'only add or remove fields that have a default',
    );
  throw failure(`the schema registry did not take the schema of ${subject}: ${message(reply)}`);
};

/** `registryUrl` is the base of the Confluent API. Throws a failure that names the first subject refused. */
export const registerSchemas = async (
  registryUrl: string,
): Promise<{ registered: number; unchanged: number }> => {
  const counts = { registered: 0, unchanged: 0 };
  for (const { subject, schema } of Object.values(eventCatalogue))
    counts[await register(registryUrl, subject, schema)] += 1;
  return counts;
};
