// Golden bytes: for each released version, sample values and their Avro encoding. They are stored and never change. The checks
// decode them with every version, so a change that would make old records unreadable is found.
import avro, { type Schema, type Type } from 'avsc';
import { avroOptions } from '../avro-types.ts';
import type { EventSchema } from './event-schema.ts';
import { isObject } from './json.ts';
import { treeOf, type Node, type RecordNode } from './avro.ts';

export interface Sample {
  /** The decoded value as JSON; times are ISO 8601 strings. */
  readonly value: unknown;
  /** The Avro body in base64, without the five-byte header (magic byte and schema id). */
  readonly bytes: string;
}

const isSchema = (value: unknown): value is Schema => isObject(value) && 'type' in value;

/** The avsc type of a schema, with the logical types that services use. */
export const typeOf = (schema: EventSchema): Type => {
  if (!isSchema(schema)) throw new Error(`${schema.eventType} is not an Avro schema`);
  return avro.Type.forSchema(schema, avroOptions());
};

const isTime = (node: Node): boolean => node.kind === 'primitive' && node.logicalType === 'timestamp-millis';

/** Plausible values for examples, by field name. */
const plausibleValues: Readonly<Record<string, string>> = {
  currency: 'EUR',
  method: 'card',
  token: 'tok_visa',
  name: 'Ceramic mug',
  sku: 'MUG-1',
  code: 'card_declined',
};
const uuid = (name: string, variant: number): string => {
  const digits = Buffer.from(name).toString('hex');
  return `0199a0c4-0000-7000-8000-${digits.padEnd(11, '0').slice(0, 11)}${String(variant)}`;
};

const primitive = (name: string, field: string, variant: number): unknown => {
  // Variant 1 is zero, false or empty; variant 2 is large (a `long` that exceeds 32 bits).
  const small = variant === 1;
  switch (name) {
    case 'null':
      return null;
    case 'boolean':
      return !small;
    case 'int':
      return small ? 0 : variant === 2 ? 2_147_483_647 : 2;
    case 'long':
    case 'float':
    case 'double':
      return small ? 0 : variant === 2 ? 4_294_967_297 : 1_250;
    case 'string':
      if (small) return '';
      return field.endsWith('Id')
        ? uuid(field, variant)
        : (plausibleValues[field] ?? `${field} ${String(variant)}`);
    default:
      throw new Error(`no sample of the Avro type "${name}"`);
  }
};

const sample = (node: Node, field: string, variant: number): unknown => {
  switch (node.kind) {
    case 'primitive':
      return isTime(node)
        ? new Date(Date.UTC(2026, 0, 1 + variant, 10, 0, 0, 123))
        : primitive(node.name, field, variant);
    case 'array':
      return variant === 1
        ? []
        : [sample(node.items, field, variant), sample(node.items, field, variant + 2)];
    case 'enum':
      return node.symbols[(variant + 1) % node.symbols.length];
    case 'union': {
      const branch = node.branches[(variant + 1) % node.branches.length];
      if (branch === undefined) throw new Error(`the union of "${field}" has no branch`);
      return sample(branch, field, variant);
    }
    case 'record':
      return Object.fromEntries(node.fields.map(({ name, type }) => [name, sample(type, name, variant)]));
  }
};

/**
 * How many variants are needed so that every symbol and branch occurs, and each primitive field has its three values. A primitive
 * value in a union or an array does not get all three.
 */
const variantsOf = (node: Node): number => {
  switch (node.kind) {
    case 'primitive':
      return 3;
    case 'array':
      return variantsOf(node.items);
    case 'enum':
      return node.symbols.length;
    case 'union':
      return Math.max(node.branches.length, ...node.branches.map(variantsOf));
    case 'record':
      return Math.max(...node.fields.map(({ type }) => variantsOf(type)));
  }
};

/** Values that include every symbol and every branch of the schema. The first value is an ordinary event. */
const sampleValues = (schema: EventSchema): unknown[] => {
  const tree = treeOf(schema);
  return Array.from({ length: variantsOf(tree) }, (_, variant) => sample(tree, '', variant));
};

const toJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The golden bytes of a schema. The same schema always gives the same bytes. */
export const samplesOf = (schema: EventSchema): Sample[] => {
  const type = typeOf(schema);
  return sampleValues(schema).map((value) => ({
    value: toJson(value),
    bytes: type.toBuffer(value).toString('base64'),
  }));
};

/**
 * The value that a reader must get when it reads a value of another version, computed by Avro's rules without Avro: a field of the
 * reader gets the value of the writer's field with its name or alias, or else its default; a symbol that the reader does not know
 * becomes the default of the enum.
 */
const expectedValue = (reader: Node, writer: Node, value: unknown): unknown => {
  if (writer.kind === 'union') {
    const branch = writer.branches.find((candidate) => isValueOf(candidate, value));
    return branch === undefined ? value : expectedValue(reader, branch, value);
  }
  if (reader.kind === 'union') {
    const branch = reader.branches.find(
      (candidate) => candidate.kind === writer.kind && isValueOf(candidate, value),
    );
    return branch === undefined ? value : expectedValue(branch, writer, value);
  }
  if (reader.kind === 'array' && writer.kind === 'array')
    return Array.isArray(value)
      ? value.map((item) => expectedValue(reader.items, writer.items, item))
      : value;
  if (reader.kind === 'enum')
    return typeof value === 'string' && reader.symbols.includes(value) ? value : reader.defaultSymbol;
  if (reader.kind === 'record' && writer.kind === 'record' && isObject(value))
    return expectedRecord(reader, writer, value);
  return value;
};

const expectedRecord = (
  reader: RecordNode,
  writer: RecordNode,
  value: Readonly<Record<string, unknown>>,
): unknown =>
  Object.fromEntries(
    reader.fields.map((field) => {
      const written = writer.fields.find(({ name }) => name === field.name || field.aliases.includes(name));
      if (written !== undefined)
        return [field.name, expectedValue(field.type, written.type, value[written.name])];
      const defaultValue: unknown = JSON.parse(field.defaultJson ?? 'null');
      return [field.name, isTime(field.type) ? new Date(Number(defaultValue)).toJSON() : defaultValue];
    }),
  );

const isValueOf = (node: Node, value: unknown): boolean => {
  switch (node.kind) {
    case 'primitive':
      if (value === null || node.name === 'null') return value === null && node.name === 'null';
      if (isTime(node) || node.name === 'string') return typeof value === 'string';
      return typeof value === (node.name === 'boolean' ? 'boolean' : 'number');
    case 'array':
      return Array.isArray(value);
    case 'enum':
      return typeof value === 'string';
    case 'record':
      return isObject(value);
    case 'union':
      return node.branches.some((branch) => isValueOf(branch, value));
  }
};

const firstDifference = (actual: unknown, wanted: unknown, path: string): string | undefined => {
  if (isObject(actual) && isObject(wanted)) {
    for (const name of new Set([...Object.keys(actual), ...Object.keys(wanted)])) {
      const found = firstDifference(actual[name], wanted[name], path === '' ? name : `${path}.${name}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const [actualText, wantedText] = [JSON.stringify(actual), JSON.stringify(wanted)];
  return actualText === wantedText ? undefined : `${path} is read as ${actualText} instead of ${wantedText}`;
};

/**
 * Reads samples of `writer` with `reader`, as a service does. Returns the first error or difference; undefined if every
 * sample is read correctly.
 */
export const misreading = (
  reader: EventSchema,
  writer: EventSchema,
  samples: readonly Sample[],
): string | undefined => {
  try {
    const type = typeOf(reader);
    const resolver = type.createResolver(typeOf(writer));
    for (const { value, bytes } of samples) {
      const actual = toJson(type.fromBuffer(Buffer.from(bytes, 'base64'), resolver));
      const wanted = toJson(expectedValue(treeOf(reader), treeOf(writer), value));
      const difference = firstDifference(actual, wanted, '');
      if (difference !== undefined) return difference;
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
