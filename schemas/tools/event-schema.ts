// The form of an event schema (.avsc), the rules that it follows, and the reader of all event schemas.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const schemasFolder = join(import.meta.dirname, '..');

export type AvroType = string | AvroType[] | AvroComplex;
export interface AvroComplex {
  readonly type: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly aliases?: readonly string[];
  readonly doc?: string;
  readonly logicalType?: string;
  readonly items?: AvroType;
  readonly symbols?: readonly string[];
  readonly default?: unknown;
  readonly fields?: readonly AvroField[];
}
export interface AvroField {
  readonly name: string;
  readonly type: AvroType;
  readonly doc?: string;
  readonly aliases?: readonly string[];
  readonly default?: unknown;
}
export interface EventSchema extends AvroComplex {
  readonly name: string;
  readonly namespace: string;
  readonly eventType: string;
  readonly topic: string;
  readonly keyField: string;
  readonly fields: readonly AvroField[];
}

export const isEventSchema = (value: unknown): value is EventSchema =>
  typeof value === 'object' && value !== null && 'fields' in value && Array.isArray(value.fields);

/** All event schemas of `schemas/`, sorted by file name. Throws if one of them breaks a rule. */
export function readEventSchemas(folder = schemasFolder): EventSchema[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.avsc'))
    .sort()
    .map((file) => {
      const schema: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      if (!isEventSchema(schema)) throw new Error(`schemas/${file}: not a record with fields`);
      const [complaint] = lintEventSchema(file, schema);
      if (complaint) throw new Error(`schemas/${file}: ${complaint}`);
      return schema;
    });
}

/** Checks the naming and documentation rules of an event schema; returns one sentence for each violation. */
export function lintEventSchema(file: string, schema: EventSchema): string[] {
  const complaints: string[] = [];
  const eventType = file.replace(/\.avsc$/, '');
  const [context = '', ...rest] = eventType.split('.');
  const recordName = [context, ...rest]
    .flatMap((part) => part.split('_'))
    .map(capitalise)
    .join('');
  if (schema.eventType !== eventType) complaints.push(`eventType must be "${eventType}", like the file name`);
  if (schema.name !== recordName) complaints.push(`the record must be named "${recordName}"`);
  if (schema.namespace !== `orderflow.${context}`)
    complaints.push(`the namespace must be "orderflow.${context}"`);
  if (schema.topic !== `${context}-events`) complaints.push(`the topic must be "${context}-events"`);
  if (schema.fields[0]?.name !== 'metadata') complaints.push('the first field must be "metadata"');
  const key = schema.fields.find((field) => field.name === schema.keyField);
  if (key?.type !== 'string') complaints.push(`keyField "${schema.keyField}" must name a string field`);
  visit(schema, (type) => {
    if ((type.type === 'record' || type.type === 'enum') && !type.doc) {
      complaints.push(`${type.type} ${type.name ?? '?'} has no doc`);
    }
    for (const field of type.fields ?? []) {
      if (!field.doc) complaints.push(`field ${type.name ?? '?'}.${field.name} has no doc`);
    }
    if (type.type === 'enum' && type.default !== 'unspecified') {
      complaints.push(
        `enum ${type.name ?? '?'} needs the default "unspecified", or a new symbol breaks old readers`,
      );
    }
  });
  return complaints;
}

function visit(type: AvroType, callback: (type: AvroComplex) => void): void {
  if (typeof type === 'string') return;
  if (Array.isArray(type)) {
    type.forEach((branch) => visit(branch, callback));
    return;
  }
  callback(type);
  if (type.items !== undefined) visit(type.items, callback);
  for (const field of type.fields ?? []) visit(field.type, callback);
}

const capitalise = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
