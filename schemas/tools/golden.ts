// Golden bytes: what each released version looks like on the topic, kept for ever. They are the oracle for readers: a schema
// can be changed by mistake together with everything that is computed from it, bytes of the past cannot.
import avro, { type Schema, type Type } from 'avsc';
import { avroOptions } from '../avro-types.ts';
import type { EventSchema } from './generate-events.ts';
import { isObject } from './json.ts';
import { treeOf, type Node, type RecordNode } from './avro.ts';

export interface Sample {
  /** The decoded value as JSON; a time is its ISO text. */
  readonly value: unknown;
  /** The Avro body in base64, without the five bytes of framing. */
  readonly bytes: string;
}

const isSchema = (value: unknown): value is Schema => isObject(value) && 'type' in value;

/** The type of a schema as the services make it, dates as dates. */
export const typeOf = (schema: EventSchema): Type => {
  if (!isSchema(schema)) throw new Error(`${schema.eventType} is no Avro schema`);
  return avro.Type.forSchema(schema, avroOptions());
};

const isTime = (node: Node): boolean => node.kind === 'primitive' && node.logicalType === 'timestamp-millis';

/** Words that make an example read like one. */
const words: Readonly<Record<string, string>> = {
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
  // The second variant is the smallest value there is; the third needs more bytes than 32 bits have.
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
      return field.endsWith('Id') ? uuid(field, variant) : (words[field] ?? `${field} ${String(variant)}`);
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
      return variant === 1 ? [] : [sample(node.of, field, variant), sample(node.of, field, variant + 2)];
    case 'enum':
      return node.symbols[(variant + 1) % node.symbols.length];
    case 'union':
      return sample(
        node.branches[(variant + 1) % node.branches.length] ?? { kind: 'array', of: node },
        field,
        variant,
      );
    case 'record':
      return Object.fromEntries(node.fields.map(({ name, type }) => [name, sample(type, name, variant)]));
  }
};

const widest = (node: Node): number => {
  switch (node.kind) {
    case 'primitive':
      return 3;
    case 'array':
      return widest(node.of);
    case 'enum':
      return node.symbols.length;
    case 'union':
      return Math.max(node.branches.length, ...node.branches.map(widest));
    case 'record':
      return Math.max(...node.fields.map(({ type }) => widest(type)));
  }
};

/** Values through which every symbol and every branch of the schema comes by, the first one an ordinary event. */
export const sampleValues = (schema: EventSchema): unknown[] => {
  const tree = treeOf(schema);
  return Array.from({ length: widest(tree) }, (_, variant) => sample(tree, '', variant));
};

export const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The golden bytes of a schema; the same ones each time. */
export const samplesOf = (schema: EventSchema): Sample[] => {
  const type = typeOf(schema);
  return sampleValues(schema).map((value) => ({
    value: asJson(value),
    bytes: type.toBuffer(value).toString('base64'),
  }));
};

/**
 * What a reader has to see of a value that another version wrote, by the rules of Avro and without Avro: its own fields, by
 * name or alias, else their default; its own symbols, else the default of the enum.
 */
export const expected = (reader: Node, writer: Node, value: unknown): unknown => {
  if (writer.kind === 'union') {
    const branch = writer.branches.find((candidate) => fits(candidate, value));
    return branch === undefined ? value : expected(reader, branch, value);
  }
  if (reader.kind === 'union') {
    const branch = reader.branches.find(
      (candidate) => candidate.kind === writer.kind && fits(candidate, value),
    );
    return branch === undefined ? value : expected(branch, writer, value);
  }
  if (reader.kind === 'array' && writer.kind === 'array')
    return Array.isArray(value) ? value.map((item) => expected(reader.of, writer.of, item)) : value;
  if (reader.kind === 'enum')
    return typeof value === 'string' && reader.symbols.includes(value) ? value : reader.fallback;
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
      if (written !== undefined) return [field.name, expected(field.type, written.type, value[written.name])];
      const fallback: unknown = JSON.parse(field.fallback ?? 'null');
      return [field.name, isTime(field.type) ? new Date(Number(fallback)).toJSON() : fallback];
    }),
  );

const fits = (node: Node, value: unknown): boolean => {
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
      return node.branches.some((branch) => fits(branch, value));
  }
};

const firstDifference = (seen: unknown, wanted: unknown, path: string): string | undefined => {
  if (isObject(seen) && isObject(wanted)) {
    for (const name of new Set([...Object.keys(seen), ...Object.keys(wanted)])) {
      const found = firstDifference(seen[name], wanted[name], path === '' ? name : `${path}.${name}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const [is, should] = [JSON.stringify(seen), JSON.stringify(wanted)];
  return is === should ? undefined : `${path} is read as ${is} instead of ${should}`;
};

/**
 * Reads samples of `writer` with `reader`, as a service would, and says what goes wrong; undefined when each is read and means
 * what it meant.
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
      const seen = asJson(type.fromBuffer(Buffer.from(bytes, 'base64'), resolver));
      const wanted = asJson(expected(treeOf(reader), treeOf(writer), value));
      const difference = firstDifference(seen, wanted, '');
      if (difference !== undefined) return difference;
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
