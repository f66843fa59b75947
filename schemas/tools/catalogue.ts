// Generates the documentation of the events from the schemas and the subscriptions: CATALOGUE.md for people and an AsyncAPI
// document for tools.
import { format, resolveConfig } from 'prettier';
import type { EventSchema } from './event-schema.ts';
import { isObject } from './json.ts';
import { recordIn, treeOf, typeText, shortName, type Node, type RecordNode } from './avro.ts';
import { releasesOfEvent, subjectOf, type Contract, type Release } from './releases.ts';
import { producerOf } from './review/usage.ts';

type Subscribers = ReadonlyMap<string, readonly string[]>;

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The headers of every record, which the outbox event router sets. */
const headers = {
  id: 'UUID of the event; the same as `metadata.eventId`. Consumers use it to detect duplicates.',
  eventType: 'Name of the event, readable without decoding the value.',
  correlationId: 'The same in all events that one request caused.',
  causationId: 'Id of the event, request or timer run that directly caused this event.',
  occurredAt: 'When the service created the event.',
  traceparent: 'W3C trace context of the request or event that caused this event.',
} as const;

/** Table rows for the fields of a record and of its nested records. */
const fieldRows = (node: RecordNode, path: string): string[] =>
  node.fields.flatMap((field) => {
    const fieldPath = path === '' ? field.name : `${path}.${field.name}`;
    const defaultValue = field.defaultJson === undefined ? '' : ` = \`${field.defaultJson}\``;
    const row = `| \`${fieldPath}\` | ${cell(typeText(field.type))}${defaultValue} | ${cell(field.doc)}${symbolsOf(field.type)} |`;
    const inner = recordIn(field.type);
    return fieldPath === 'metadata' || inner === undefined ? [row] : [row, ...fieldRows(inner, fieldPath)];
  });

const symbolsOf = (node: Node): string =>
  node.kind === 'enum' ? ` One of ${node.symbols.map((symbol) => `\`${symbol}\``).join(', ')}.` : '';

const exampleOf = (releases: readonly Release[]): unknown => releases.at(-1)?.samples[0]?.value;
const serviceList = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));

const section = (schema: EventSchema, releases: readonly Release[], consumers: readonly string[]): string => {
  const versions = releases.map(({ version, id }) => `v${String(version)} (id ${String(id)})`).join(', ');
  return `## ${schema.eventType}

${schema.doc ?? ''}

| | |
| --- | --- |
| producer | ${producerOf(schema)} |
| consumers | ${serviceList(consumers)} |
| topic | \`${schema.topic}\` |
| key | \`${schema.keyField}\` |
| subject | \`${subjectOf(schema)}\` |
| versions | ${versions === '' ? 'not released' : versions} |

| field | type | |
| --- | --- | --- |
${fieldRows(treeOf(schema), '').join('\n')}

\`\`\`json
${JSON.stringify(exampleOf(releases) ?? {}, null, 2)}
\`\`\`
`;
};

/** The text of schemas/CATALOGUE.md. */
export const generateCatalogue = (
  { workingSchemas: schemas, releases }: Contract,
  subscribers: Subscribers,
): string => {
  const consumersOf = (schema: EventSchema): readonly string[] => subscribers.get(schema.eventType) ?? [];
  const [first] = schemas;
  const metadata = first && treeOf(first).fields.find(({ name }) => name === 'metadata')?.type;
  return `<!-- Generated from schemas/*.avsc and services/*/subscriptions.ts by \`npm run schemas -- generate\`. DO NOT EDIT. -->

# Events

The events between the services: ${String(schemas.length)} events on ${String(new Set(schemas.map(({ topic }) => topic)).size)} topics. Values are Avro in Confluent framing: a zero byte,
four bytes of schema id, the body. Each event has its own subject with the mode \`FULL_TRANSITIVE\`: each released
version can read the events of all other versions. [EVOLUTION.md](EVOLUTION.md) explains how to change an event;
[asyncapi.json](asyncapi.json) has the same content for tools.

| event | producer | consumers | topic | key | version |
| --- | --- | --- | --- | --- | --- |
${schemas
  .map((schema) => {
    const { eventType, topic, keyField } = schema;
    const version = releasesOfEvent(releases, eventType).at(-1)?.version;
    return `| [${eventType}](#${eventType.replaceAll('.', '')}) | ${producerOf(schema)} | ${serviceList(consumersOf(schema))} | \`${topic}\` | \`${keyField}\` | ${version === undefined ? '–' : `v${String(version)}`} |`;
  })
  .join('\n')}

Every record has these headers:

| header | |
| --- | --- |
${Object.entries(headers)
  .map(([name, description]) => `| \`${name}\` | ${description} |`)
  .join('\n')}

Every event begins with \`metadata\`:

| field | type | |
| --- | --- | --- |
${metadata?.kind === 'record' ? fieldRows(metadata, 'metadata').join('\n') : ''}

${schemas
  .map((schema) => section(schema, releasesOfEvent(releases, schema.eventType), consumersOf(schema)))
  .join('\n')}`;
};

/** The addresses of the broker and the registry, as clients reach them. */
export interface Addresses {
  /** Host and port. */
  readonly kafka: string;
  /** URL of the Confluent API. */
  readonly registry: string;
}

/** The content of schemas/asyncapi.json. */
export const asyncApi = (
  { workingSchemas: schemas, releases }: Contract,
  subscribers: Subscribers,
  addresses: Addresses,
): unknown => {
  const topics = [...new Set(schemas.map(({ topic }) => topic))].sort();
  const eventsOn = (topic: string): EventSchema[] => schemas.filter((schema) => schema.topic === topic);
  const services = [...new Set([...schemas.map(producerOf), ...[...subscribers.values()].flat()])].sort();
  const message = (topic: string, type: string): object => ({
    $ref: `#/channels/${topic}/messages/${type}`,
  });
  const operation = (
    action: 'send' | 'receive',
    service: string,
    topic: string,
    types: string[],
  ): object => ({
    action,
    summary:
      action === 'send'
        ? `The ${service} service publishes the events of its outbox.`
        : `The ${service} service handles each event once.`,
    channel: { $ref: `#/channels/${topic}` },
    messages: types.map((type) => message(topic, type)),
    ...(action === 'receive'
      ? { bindings: { kafka: { groupId: { type: 'string', enum: [`${service}-service-group`] } } } }
      : {}),
  });
  const operations = services.flatMap((service) =>
    topics.flatMap((topic): [string, object][] => {
      const sent = eventsOn(topic).filter((schema) => producerOf(schema) === service);
      const received = eventsOn(topic).filter(({ eventType }) =>
        subscribers.get(eventType)?.includes(service),
      );
      const types = (schemas: EventSchema[]): string[] => schemas.map(({ eventType }) => eventType);
      return [
        ...(sent.length > 0
          ? [
              [`${service}-sends-${topic}`, operation('send', service, topic, types(sent))] as [
                string,
                object,
              ],
            ]
          : []),
        ...(received.length > 0
          ? [
              [`${service}-receives-${topic}`, operation('receive', service, topic, types(received))] as [
                string,
                object,
              ],
            ]
          : []),
      ];
    }),
  );
  const messageOf = (schema: EventSchema): object => {
    const versions = releasesOfEvent(releases, schema.eventType);
    const example = exampleOf(versions);
    return {
      name: schema.eventType,
      title: shortName(schema.name),
      summary: schema.doc,
      contentType: 'application/vnd.apache.avro',
      headers: { $ref: '#/components/schemas/Headers' },
      correlationId: { location: '$message.header#/correlationId' },
      payload: { schemaFormat: 'application/vnd.apache.avro+json;version=1.9.0', schema },
      bindings: {
        kafka: {
          key: { type: 'string', description: `\`${schema.keyField}\` of the event` },
          schemaIdLocation: 'payload',
          schemaIdPayloadEncoding: 'confluent',
          schemaLookupStrategy: 'RecordIdStrategy',
        },
      },
      'x-subject': subjectOf(schema),
      'x-versions': versions.map(({ version, id }) => ({ version, id })),
      ...(isObject(example) ? { examples: [{ name: 'golden', payload: example }] } : {}),
    };
  };
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'OrderFlow events',
      version: `${String(releases.length)}.0.0`,
      description:
        'Generated from schemas/*.avsc and services/*/subscriptions.ts by `npm run schemas -- generate`. The version is the number of releases.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/vnd.apache.avro',
    servers: {
      local: {
        host: addresses.kafka,
        protocol: 'kafka',
        bindings: {
          kafka: {
            schemaRegistryUrl: addresses.registry,
            schemaRegistryVendor: 'apicurio',
          },
        },
      },
    },
    channels: Object.fromEntries(
      topics.map((topic) => [
        topic,
        {
          address: topic,
          messages: Object.fromEntries(
            eventsOn(topic).map(({ eventType }) => [
              eventType,
              { $ref: `#/components/messages/${eventType}` },
            ]),
          ),
        },
      ]),
    ),
    operations: Object.fromEntries(operations),
    components: {
      messages: Object.fromEntries(schemas.map((schema) => [schema.eventType, messageOf(schema)])),
      schemas: {
        Headers: {
          type: 'object',
          required: Object.keys(headers),
          properties: Object.fromEntries(
            Object.entries(headers).map(([name, description]) => [name, { type: 'string', description }]),
          ),
        },
      },
    },
  };
};

/** The text of schemas/asyncapi.json. */
export const generateAsyncApi = async (
  contract: Contract,
  subscribers: Subscribers,
  addresses: Addresses,
  file: string,
): Promise<string> => {
  const options = await resolveConfig(file, { editorconfig: true });
  return format(JSON.stringify(asyncApi(contract, subscribers, addresses)), { ...options, parser: 'json' });
};
