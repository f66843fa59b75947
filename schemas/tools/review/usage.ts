// Finds the code that reads each field of each event, and the code that creates each event. It uses the types of the
// TypeScript compiler, so no list of places is maintained by hand. The contract is an argument and can differ from
// the files on disk.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';
import { type EventSchema } from '../event-schema.ts';
import { generatedFile, generateEvents } from '../generate-events.ts';
import { recordIn, shortName, treeOf, type Node } from '../avro.ts';

export interface Place {
  readonly service: string;
  /** The file, relative to the project, and the line. */
  readonly at: string;
}

export interface Usage {
  /** Where subscribers of the event read the field at `path`, or the record that contains it. */
  readonly readersOf: (event: EventSchema, path: string) => readonly Place[];
  /** Where the producer creates the event. */
  readonly makersOf: (event: EventSchema) => readonly Place[];
}

const isCode = (path: string): boolean => path.endsWith('.ts') && !path.endsWith('.test.ts');

/** The folders of `services` that create and read events. */
const folders = ['order', 'inventory', 'payment', 'platform'];

const codeOf = (root: string): string[] =>
  folders.flatMap((folder) =>
    readdirSync(join(root, 'services', folder), { recursive: true, encoding: 'utf8' })
      .filter(isCode)
      .map((path) => join(root, 'services', folder, path)),
  );

const serviceOf = (root: string, file: string): string =>
  relative(join(root, 'services'), file).split(sep)[0] ?? '';

/** The subscribers of each event type, from the object that `subscriptions` of each service returns. */
export const subscribersOf = (root: string): ReadonlyMap<string, readonly string[]> => {
  const subscribers = new Map<string, string[]>();
  for (const file of codeOf(root).filter((path) => path.endsWith(`${sep}subscriptions.ts`))) {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isSatisfiesExpression(node) && ts.isObjectLiteralExpression(node.expression))
        for (const property of node.expression.properties)
          if (ts.isPropertyAssignment(property) && ts.isStringLiteral(property.name)) {
            const { text } = property.name;
            subscribers.set(text, [...(subscribers.get(text) ?? []), serviceOf(root, file)].sort());
          }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return subscribers;
};

/** The service that emits an event; its topic has the name of the service. */
export const producerOf = (schema: EventSchema): string => schema.topic.replace(/-events$/, '');

/** The record and the field of a path: `items[].quantity` of order.created is `quantity` of `OrderedItem`. */
const memberAt = (schema: EventSchema, path: string): { record: string; field: string } | undefined => {
  let node: Node = treeOf(schema);
  const names = path.replaceAll('[]', '').split('.');
  for (const [index, name] of names.entries()) {
    const record = recordIn(node);
    const field = record?.fields.find((candidate) => candidate.name === name);
    if (record === undefined || field === undefined) return undefined;
    if (index === names.length - 1) return { record: shortName(record.name), field: name };
    node = field.type;
  }
  return undefined;
};

/** Parsed files, shared by all TypeScript programs. */
const parsed = new Map<string, ts.SourceFile>();

/** A program of the services with `typesSource` in place of the generated types on disk. */
const programWith = (root: string, typesSource: string): ts.Program => {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const host = ts.createCompilerHost(options, true);
  const { getSourceFile } = host;
  const contractFile = join(root, relative(join(import.meta.dirname, '..', '..', '..'), generatedFile));
  host.getSourceFile = (name, languageVersion, ...rest) => {
    if (name === contractFile) return ts.createSourceFile(name, typesSource, languageVersion, true);
    const file = parsed.get(name) ?? getSourceFile.call(host, name, languageVersion, ...rest);
    if (file !== undefined) parsed.set(name, file);
    return file;
  };
  return ts.createProgram({ rootNames: codeOf(root), options, host });
};

/** The members of generated interfaces that a property access can refer to; more than one if the object is a union of events. */
const membersOf = (symbol: ts.Symbol | undefined): string[] =>
  (symbol?.declarations ?? []).flatMap((declaration) =>
    ts.isPropertySignature(declaration) &&
    ts.isInterfaceDeclaration(declaration.parent) &&
    ts.isIdentifier(declaration.name) &&
    declaration.getSourceFile().fileName.endsWith('schemas/generated/events.ts')
      ? [`${declaration.parent.name.text}.${declaration.name.text}`]
      : [],
  );

type Index = Map<string, Map<string, Place>>;

/** The event type of an object literal such as `{ type: 'order.created', data: … }`. */
const createdEvent = (literal: ts.ObjectLiteralExpression): string | undefined => {
  const named = (name: string): ts.ObjectLiteralElementLike | undefined =>
    literal.properties.find(
      (property) =>
        property.name !== undefined && ts.isIdentifier(property.name) && property.name.text === name,
    );
  const type = named('type');
  if (named('data') === undefined || type === undefined || !ts.isPropertyAssignment(type)) return undefined;
  const value = ts.isAsExpression(type.initializer) ? type.initializer.expression : type.initializer;
  return ts.isStringLiteral(value) ? value.text : undefined;
};

/** The names of all fields of the contract. Properties with other names are skipped, which saves type checks. */
const fieldNames = (schemas: readonly EventSchema[]): ReadonlySet<string> => {
  const names = new Set<string>();
  const visit = (node: Node): void => {
    if (node.kind === 'array') visit(node.items);
    if (node.kind === 'union') node.branches.forEach(visit);
    if (node.kind === 'record')
      for (const { name, type } of node.fields) {
        names.add(name);
        visit(type);
      }
  };
  schemas.map(treeOf).forEach(visit);
  return names;
};

/** Indexes the places that read a member of the contract, and the places that create an event. */
const indexOf = (
  root: string,
  program: ts.Program,
  names: ReadonlySet<string>,
): { reads: Index; makes: Index } => {
  const checker = program.getTypeChecker();
  const reads: Index = new Map();
  const makes: Index = new Map();
  const addPlace = (index: Index, keys: readonly string[], node: ts.Node): void => {
    const source = node.getSourceFile();
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    const at = `${relative(root, source.fileName)}:${String(line)}`;
    for (const key of keys) {
      const places = index.get(key) ?? new Map<string, Place>();
      places.set(at, { service: serviceOf(root, source.fileName), at });
      index.set(key, places);
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) {
      if (names.has(node.name.text))
        addPlace(reads, membersOf(checker.getSymbolAtLocation(node.name)), node.name);
    } else if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
      const name = node.propertyName ?? node.name;
      if (ts.isIdentifier(name) && names.has(name.text) && node.dotDotDotToken === undefined) {
        const property = checker.getPropertyOfType(checker.getTypeAtLocation(node.parent), name.text);
        addPlace(reads, membersOf(property), name);
      }
    } else if (ts.isObjectLiteralExpression(node)) {
      const event = createdEvent(node);
      if (event !== undefined) addPlace(makes, [event], node);
    }
    ts.forEachChild(node, visit);
  };
  for (const file of codeOf(root)) {
    const source = program.getSourceFile(file);
    if (source !== undefined) visit(source);
  }
  return { reads, makes };
};

/** How the services under `root` use the given schemas. Takes a few seconds. */
export const usageOf = async (root: string, schemas: readonly EventSchema[]): Promise<Usage> => {
  const { reads, makes } = indexOf(
    root,
    programWith(root, await generateEvents(schemas)),
    fieldNames(schemas),
  );
  const subscribers = subscribersOf(root);
  const sorted = (places: Iterable<Place>): readonly Place[] =>
    [...places].sort((a, b) => a.at.localeCompare(b.at, 'en', { numeric: true }));
  const directReaders = (event: EventSchema, path: string, services: readonly string[]): readonly Place[] => {
    const member = memberAt(event, path);
    const found = reads.get(member === undefined ? '' : `${member.record}.${member.field}`)?.values() ?? [];
    return [...found].filter(({ service }) => services.includes(service));
  };
  /**
   * Many events contain records such as Money. So code that reads a field of such a record counts only if its service reads the
   * record from this event.
   */
  const readers = (event: EventSchema, path: string): readonly Place[] => {
    const services = [...(subscribers.get(event.eventType) ?? []), 'platform'];
    const parent = path.split('.').slice(0, -1).join('.').replace(/\[\]$/, '');
    // The platform removes the metadata before a service gets the body.
    if (parent === '' || parent === 'metadata') return directReaders(event, path, services);
    const outer = readers(event, parent);
    if (directReaders(event, parent, services).length === 0) return outer;
    const inner = directReaders(event, path, [...new Set(outer.map(({ service }) => service)), 'platform']);
    return inner.length > 0 ? inner : outer;
  };
  return {
    readersOf: (event, path) => sorted(readers(event, path)),
    makersOf: (event) =>
      sorted(makes.get(event.eventType)?.values() ?? []).filter(
        ({ service }) => service === producerOf(event),
      ),
  };
};
