// Compares two versions of an event field by field, with the consequences for readers and writers.
import type { EventSchema } from '../event-schema.ts';
import { treeOf, typeText, type Node, type RecordField, type RecordNode } from '../avro.ts';
import { judge, childPath, type Judgement, type Obstacle } from './compatibility.ts';

type Kind =
  | 'added'
  | 'removed'
  | 'renamed'
  | 'type'
  | 'default'
  | 'symbols'
  | 'enum default'
  | 'aliases'
  | 'order'
  | 'doc'
  | 'contract';

interface Difference {
  /** Empty for the event itself; `items[].sku` for a field of the items of an array. */
  readonly path: string;
  readonly kind: Kind;
  readonly what: string;
  /** The path in the earlier version, if the path has changed. */
  readonly from?: string;
}

/** A difference with the obstacles that it causes, a note, and a remedy. */
export interface Finding extends Difference {
  readonly backward: readonly Obstacle[];
  readonly forward: readonly Obstacle[];
  readonly note: string | undefined;
  readonly remedy: string | undefined;
}

const code = (text: string): string => `\`${text}\``;
const withDefault = ({ type, defaultJson }: RecordField): string =>
  defaultJson === undefined
    ? `${code(typeText(type))}, no default`
    : `${code(typeText(type))}, default ${code(defaultJson)}`;

const typeDifferences = (before: Node, after: Node, path: string): Difference[] => {
  if (before.kind === 'record' && after.kind === 'record') return recordDifferences(before, after, path);
  if (before.kind === 'array' && after.kind === 'array')
    return typeDifferences(before.items, after.items, `${path}[]`);
  if (before.kind === 'enum' && after.kind === 'enum') {
    const found: Difference[] = [];
    const added = after.symbols.filter((symbol) => !before.symbols.includes(symbol));
    const removed = before.symbols.filter((symbol) => !after.symbols.includes(symbol));
    const parts = [
      ...(added.length === 0 ? [] : [`symbol ${added.map(code).join(', ')} added`]),
      ...(removed.length === 0 ? [] : [`symbol ${removed.map(code).join(', ')} removed`]),
    ];
    if (parts.length > 0) found.push({ path, kind: 'symbols', what: parts.join(', ') });
    if (before.name !== after.name)
      found.push({ path, kind: 'type', what: `enum ${code(before.name)} is now ${code(after.name)}` });
    if (before.defaultSymbol !== after.defaultSymbol) {
      const what = `default of the enum ${code(before.defaultSymbol ?? 'none')} → ${code(after.defaultSymbol ?? 'none')}`;
      found.push({ path, kind: 'enum default', what });
    }
    if (before.doc !== after.doc) found.push({ path, kind: 'doc', what: 'documentation of the enum' });
    return found;
  }
  if (before.kind === 'union' && after.kind === 'union') {
    const inner = before.branches.flatMap((branch) => {
      if (branch.kind !== 'record' && branch.kind !== 'enum') return [];
      const same = after.branches.find((other) => other.kind === branch.kind && other.name === branch.name);
      return same === undefined ? [] : typeDifferences(branch, same, path);
    });
    const [was, is] = [typeText(before), typeText(after)];
    return was === is ? inner : [{ path, kind: 'type', what: `${code(was)} → ${code(is)}` }, ...inner];
  }
  const [was, is] = [typeText(before), typeText(after)];
  return was === is ? [] : [{ path, kind: 'type', what: `${code(was)} → ${code(is)}` }];
};

const fieldDifferences = (before: RecordField, after: RecordField, path: string): Difference[] => {
  const found = typeDifferences(before.type, after.type, path);
  if (before.defaultJson !== after.defaultJson) {
    const what = `default ${code(before.defaultJson ?? 'none')} → ${code(after.defaultJson ?? 'none')}`;
    found.push({ path, kind: 'default', what });
  }
  if (before.name === after.name && before.aliases.join() !== after.aliases.join())
    found.push({ path, kind: 'aliases', what: `aliases ${code(after.aliases.join(', ') || 'none')}` });
  if (before.doc !== after.doc) found.push({ path, kind: 'doc', what: 'documentation' });
  return found;
};

const recordDifferences = (before: RecordNode, after: RecordNode, path: string): Difference[] => {
  const found: Difference[] = [];
  if (before.name !== after.name)
    found.push({ path, kind: 'type', what: `record ${code(before.name)} is now ${code(after.name)}` });
  if (before.doc !== after.doc) found.push({ path, kind: 'doc', what: 'documentation of the record' });
  const successorOf = (field: RecordField): RecordField | undefined =>
    after.fields.find(({ name }) => name === field.name) ??
    after.fields.find(({ aliases }) => aliases.includes(field.name));
  const common = before.fields.filter((field) => successorOf(field) !== undefined);
  for (const field of before.fields) {
    const next = successorOf(field);
    const fieldPath = childPath(path, next?.name ?? field.name);
    if (next === undefined) found.push({ path: fieldPath, kind: 'removed', what: withDefault(field) });
    else {
      if (next.name !== field.name)
        found.push({
          path: fieldPath,
          kind: 'renamed',
          what: `from ${code(field.name)}, which is an alias now`,
          from: childPath(path, field.name),
        });
      found.push(...fieldDifferences(field, next, fieldPath));
    }
  }
  const successors = common.map(successorOf);
  for (const field of after.fields)
    if (!successors.includes(field))
      found.push({ path: childPath(path, field.name), kind: 'added', what: withDefault(field) });
  const kept = after.fields.filter((field) => successors.includes(field));
  if (kept.some((field, index) => field !== successors[index]))
    found.push({
      path,
      kind: 'order',
      what: `the fields are now in the sequence ${kept.map(({ name }) => code(name)).join(', ')}`,
    });
  return found;
};

/** All differences: first the differences of the event itself, then the differences of its fields. */
export const differences = (before: EventSchema, after: EventSchema): Difference[] => {
  const found: Difference[] = [];
  for (const attribute of ['eventType', 'topic', 'keyField'] as const)
    if (before[attribute] !== after[attribute])
      found.push({
        path: '',
        kind: 'contract',
        what: `${attribute} ${code(before[attribute])} → ${code(after[attribute])}`,
      });
  return [...found, ...typeDifferences(treeOf(before), treeOf(after), '')];
};

const noteOn = (difference: Difference, broken: boolean): string | undefined => {
  switch (difference.kind) {
    case 'added':
      return broken
        ? undefined
        : 'In events that were written before the field was added, consumers get the default.';
    case 'removed':
      return broken
        ? undefined
        : 'Consumers that still read the field silently get the default: change the consumers first.';
    case 'renamed':
      return 'Readers with the new version find the old name by the alias; readers with the old version do not find the new name.';
    case 'default':
      return 'The bytes do not change, but readers get another value for events without the field.';
    case 'symbols':
      return broken ? undefined : 'A reader that does not know a symbol reads the default of its enum.';
    case 'enum default':
      return 'The bytes do not change, but readers get another value for a symbol that they do not know.';
    case 'type':
    case 'aliases':
    case 'contract':
      return undefined;
    case 'order':
      return 'Fields are matched by name, so their sequence does not matter.';
    case 'doc':
      return 'Only documentation: programs are not affected.';
  }
};

const remedyFor = (difference: Difference, obstacles: readonly Obstacle[]): string | undefined => {
  const [first] = obstacles;
  if (first === undefined) return undefined;
  switch (first.cause) {
    case 'default_missing':
      if (difference.kind === 'added')
        return 'Give the field a default: `"default": ""`, `0`, `[]`, or make its type `["null", …]` with `"default": null`.';
      if (difference.kind === 'renamed')
        return 'Keep the old field, add the new field with a default, write both, and change the readers one by one.';
      return difference.kind === 'default'
        ? 'Keep the default: without it, a reader cannot read events that lack the field.'
        : 'Keep the field. A field that was released without a default stays, because released versions need it. If the field must disappear, create a successor event with a new name.';
    case 'type':
    case 'union_branch':
    case 'logical_type':
      return 'Keep the field, and add a second field with the new type, a new name and a default; write both until no consumer reads the first.';
    case 'enum_symbol':
      return 'First release a version in which the enum has the default `unspecified`, then change the symbols; or use a new field.';
    case 'name':
      return 'Keep the name of the type: it is part of the contract.';
    case 'key':
    case 'topic':
    case 'event_type':
      return 'This is another event: create it under a new name, write both events, and change the consumers.';
  }
};

const concerns = (difference: Difference, obstacle: Obstacle): boolean => {
  if (difference.kind === 'doc' || difference.kind === 'order' || difference.kind === 'aliases') return false;
  if (difference.kind === 'contract')
    return obstacle.cause === 'key' || obstacle.cause === 'topic' || obstacle.cause === 'event_type';
  return obstacle.path === difference.path || obstacle.path === difference.from;
};

export interface Review extends Judgement {
  readonly findings: readonly Finding[];
}

/** The differences of two versions, each with its obstacles and their remedy. */
export const review = (before: EventSchema, after: EventSchema): Review => {
  const judgement = judge(before, after);
  const changes = differences(before, after);
  const removals = changes.filter(({ kind }) => kind === 'removed');
  const findings = changes.map((difference): Finding => {
    const backward = judgement.backward.filter((obstacle) => concerns(difference, obstacle));
    const forward = judgement.forward.filter((obstacle) => concerns(difference, obstacle));
    const broken = [...backward, ...forward];
    const parent = difference.path.split('.').slice(0, -1).join('.');
    const renamed =
      difference.kind === 'added' &&
      removals.find(
        ({ path, what }) =>
          path.split('.').slice(0, -1).join('.') === parent &&
          what.split(',')[0] === difference.what.split(',')[0],
      );
    const renameQuestion = renamed
      ? `Is this \`${renamed.path}\` with a new name? For Avro these are two fields, and the value of one is never read as the other.`
      : undefined;
    return {
      ...difference,
      backward,
      forward,
      note: renameQuestion ?? noteOn(difference, broken.length > 0),
      remedy: remedyFor(difference, broken),
    };
  });
  return { ...judgement, findings };
};
