// Generates the TypeScript types of the events from the .avsc files, which are the only source of the contract. A
// hand-written type could differ from the bytes on the topic unnoticed.
// Run: node schemas/tools/generate-events.ts          (npm run check fails when the generated file is stale)
import { writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { shortName } from './avro.ts';
import {
  readEventSchemas,
  schemasFolder,
  type AvroComplex,
  type AvroField,
  type AvroType,
  type EventSchema,
} from './event-schema.ts';

export const generatedFile = join(schemasFolder, 'generated', 'events.ts');

/** The formatted TypeScript module for the given schemas. */
export async function generateEvents(schemas: readonly EventSchema[]): Promise<string> {
  const declarations = new Map<string, string>();
  const declare = (name: string, text: string): void => {
    const known = declarations.get(name);
    if (known !== undefined && known !== text) throw new Error(`two schemas define ${name} differently`);
    declarations.set(name, text);
  };
  const docComment = (doc: string | undefined): string => (doc ? `/** ${doc} */\n` : '');

  const typeScriptOf = (type: AvroType): string => {
    if (Array.isArray(type)) return type.map(typeScriptOf).join(' | ');
    if (typeof type === 'string') {
      switch (type) {
        case 'null':
          return 'null';
        case 'string':
          return 'string';
        case 'int':
        case 'long':
        case 'float':
        case 'double':
          return 'number';
        case 'boolean':
          return 'boolean';
        default:
          if (!declarations.has(shortName(type)))
            throw new Error(`no TypeScript for the Avro type "${type}"`);
          return shortName(type);
      }
    }
    if (type.logicalType === 'timestamp-millis') return 'Date';
    switch (type.type) {
      case 'array':
        return `readonly (${typeScriptOf(type.items ?? 'null')})[]`;
      case 'enum':
        declare(
          type.name ?? '',
          `${docComment(type.doc)}export type ${type.name} = ${(type.symbols ?? []).map((symbol) => `'${symbol}'`).join(' | ')};`,
        );
        return type.name ?? '';
      case 'record':
        return declareRecord(type, type.fields ?? []);
      default:
        throw new Error(`no TypeScript for the Avro type "${type.type}"`);
    }
  };
  const declareRecord = (record: AvroComplex, fields: readonly AvroField[]): string => {
    const members = fields.map(
      (field) => `${docComment(field.doc)}readonly ${field.name}: ${typeScriptOf(field.type)};`,
    );
    declare(
      record.name ?? '',
      `${docComment(record.doc)}export interface ${record.name} {\n${members.join('\n')}\n}`,
    );
    return record.name ?? '';
  };

  for (const schema of schemas) {
    // The outbox adds `metadata`, so the body that a decision returns does not have it.
    const [metadata, ...body] = schema.fields;
    if (metadata) typeScriptOf(metadata.type);
    declareRecord(schema, body);
  }

  const topics = [...new Set(schemas.map((schema) => schema.topic))];
  const source = `// Generated from schemas/*.avsc by schemas/tools/generate-events.ts. DO NOT EDIT.

${[...declarations.values()].join('\n\n')}

/** Body of each event type; the outbox adds the metadata. */
export interface EventBodies {
${schemas.map((schema) => `'${schema.eventType}': ${schema.name};`).join('\n')}
}

export type EventType = keyof EventBodies;
export type Topic = ${topics.map((topic) => `'${topic}'`).join(' | ')};

/** An event as a decision returns it: its type and its body. */
export type DomainEvent<T extends EventType = EventType> = {
  [K in T]: { readonly type: K; readonly data: EventBodies[K] };
}[T];

export interface CatalogueEntry {
  readonly topic: Topic;
  /** Registry subject: the record's full name, so that each event type has separate versions. */
  readonly subject: string;
  /** Field of the body that becomes the Kafka message key. */
  readonly keyField: string;
  /** The Avro schema as the JSON text that is registered. */
  readonly schema: string;
}

/** Every event type with its topic, registry subject and schema. */
export const eventCatalogue: Readonly<Record<EventType, CatalogueEntry>> = {
${schemas
  .map(
    (schema) => `'${schema.eventType}': {
  topic: '${schema.topic}',
  subject: '${schema.namespace}.${schema.name}',
  keyField: '${schema.keyField}',
  schema: ${JSON.stringify(JSON.stringify(schema))},
},`,
  )
  .join('\n')}
};
`;
  // A dynamic import, because prettier is a development package: code that imports this file must also run without it.
  const { format, resolveConfig } = await import('prettier');
  const options = await resolveConfig(generatedFile, { editorconfig: true });
  return format(source, { ...options, parser: 'typescript' });
}

if (import.meta.main) {
  mkdirSync(join(schemasFolder, 'generated'), { recursive: true });
  writeFileSync(generatedFile, await generateEvents(readEventSchemas()));
  process.stdout.write('wrote schemas/generated/events.ts\n');
}
