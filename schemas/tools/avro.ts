// Turns an event schema into a tree without references. Avro can write the same type in several ways (by name, inline, or
// `"string"` for `{"type": "string"}`). The tree has a single form for each type, so that two versions can be compared node by
// node.
import type { AvroComplex, AvroType, EventSchema } from './event-schema.ts';

export interface RecordField {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly doc: string;
  readonly type: Node;
  /** The default as JSON text; undefined if the field has no default. The default `null` is the text "null". */
  readonly defaultJson: string | undefined;
}
interface Named {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly doc: string;
}
export type RecordNode = Named & { readonly kind: 'record'; readonly fields: readonly RecordField[] };
export type EnumNode = Named & {
  readonly kind: 'enum';
  readonly symbols: readonly string[];
  readonly defaultSymbol: string | undefined;
};
export type Node =
  | { readonly kind: 'primitive'; readonly name: string; readonly logicalType: string | undefined }
  | { readonly kind: 'array'; readonly items: Node }
  | { readonly kind: 'union'; readonly branches: readonly Node[] }
  | EnumNode
  | RecordNode;

const primitives = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']);
const fullNameOf = (name: string, namespace: string): string =>
  name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
export const shortName = (name: string): string => name.split('.').at(-1) ?? name;

/** The tree of a schema. Throws for Avro types that no event of this project uses. */
export const treeOf = (schema: EventSchema): RecordNode => {
  const known = new Map<string, Node>();

  const named = (type: AvroComplex, namespace: string): { self: Named; inner: string } => {
    const inner = type.namespace ?? namespace;
    const self = {
      name: fullNameOf(type.name ?? '', inner),
      aliases: (type.aliases ?? []).map((alias) => fullNameOf(alias, inner)),
      doc: type.doc ?? '',
    };
    return { self, inner: self.name.split('.').slice(0, -1).join('.') };
  };

  const record = (type: AvroComplex, namespace: string): RecordNode => {
    const { self, inner } = named(type, namespace);
    const fields = (type.fields ?? []).map((field) => ({
      name: field.name,
      aliases: field.aliases ?? [],
      doc: field.doc ?? '',
      type: walk(field.type, inner),
      defaultJson: 'default' in field ? JSON.stringify(field.default) : undefined,
    }));
    const node: RecordNode = { kind: 'record', ...self, fields };
    known.set(self.name, node);
    return node;
  };

  const walk = (type: AvroType, namespace: string): Node => {
    if (Array.isArray(type))
      return { kind: 'union', branches: type.map((branch) => walk(branch, namespace)) };
    if (typeof type === 'string') {
      if (primitives.has(type)) return { kind: 'primitive', name: type, logicalType: undefined };
      const found = known.get(fullNameOf(type, namespace)) ?? known.get(type);
      if (found === undefined) throw new Error(`the type "${type}" is not defined before it is used`);
      return found;
    }
    switch (type.type) {
      case 'record':
        return record(type, namespace);
      case 'enum': {
        const { self } = named(type, namespace);
        const defaultSymbol = typeof type.default === 'string' ? type.default : undefined;
        const node: Node = { kind: 'enum', ...self, symbols: type.symbols ?? [], defaultSymbol };
        known.set(self.name, node);
        return node;
      }
      case 'array':
        return { kind: 'array', items: walk(type.items ?? 'null', namespace) };
      default:
        if (!primitives.has(type.type)) throw new Error(`no event may use the Avro type "${type.type}"`);
        return { kind: 'primitive', name: type.type, logicalType: type.logicalType };
    }
  };

  return record(schema, '');
};

/** The record of a node: the node itself, or the first record in an array or a union; undefined if there is none. */
export const recordIn = (node: Node): RecordNode | undefined => {
  switch (node.kind) {
    case 'record':
      return node;
    case 'array':
      return recordIn(node.items);
    case 'union':
      return node.branches.map(recordIn).find((record) => record !== undefined);
    case 'primitive':
    case 'enum':
      return undefined;
  }
};

/** A short name of a type, for tables and sentences. */
export const typeText = (type: Node): string => {
  switch (type.kind) {
    case 'primitive':
      return type.logicalType === undefined ? type.name : `${type.name} (${type.logicalType})`;
    case 'array':
      return `array of ${typeText(type.items)}`;
    case 'union':
      return type.branches.map(typeText).join(' or ');
    case 'enum':
      return `enum ${shortName(type.name)}`;
    case 'record':
      return `record ${shortName(type.name)}`;
  }
};

/** The text that is registered for a schema: its JSON without whitespace, with the keys in the sequence of the file. */
export const textOf = (schema: EventSchema): string => JSON.stringify(schema);

/**
 * The part of a schema by which the registry distinguishes versions. Documentation, aliases and the default of an enum do not
 * change the bytes. A version that differs from the previous one only in these has the same id, and needs no release.
 */
export const identityOf = (schema: EventSchema): string => JSON.stringify(withoutDocumentation(schema));

const withoutDocumentation = (type: AvroType): unknown => {
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) return type.map(withoutDocumentation);
  const { doc: _doc, aliases: _aliases, default: defaultValue, fields, items, ...rest } = type;
  return {
    ...rest,
    ...(type.type === 'enum' || defaultValue === undefined ? {} : { default: defaultValue }),
    ...(items === undefined ? {} : { items: withoutDocumentation(items) }),
    ...(fields === undefined
      ? {}
      : {
          fields: fields.map(({ doc: _fieldDoc, aliases: _fieldAliases, type: inner, ...field }) => ({
            ...field,
            type: withoutDocumentation(inner),
          })),
        }),
  };
};
