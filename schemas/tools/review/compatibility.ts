// Decides whether one version of an event can read events of another version, and gives the reason if it cannot. The rules are
// stricter than Avro's: they also refuse a change of a logical type, of the message key, of the topic or of the event type, because
// the bytes could be read but would be misunderstood. In all other cases the verdicts are equal: compatibility.test.ts compares
// them with avsc, tests/pipeline/registry.int.test.ts with the registry.
import type { EventSchema } from '../event-schema.ts';
import { shortName, treeOf, typeText, type EnumNode, type Node, type RecordNode } from '../avro.ts';

export type Cause =
  | 'default_missing'
  | 'type'
  | 'union_branch'
  | 'enum_symbol'
  | 'name'
  | 'logical_type'
  | 'key'
  | 'topic'
  | 'event_type';

/** Why the reader cannot read the value at a path. */
export interface Obstacle {
  readonly path: string;
  readonly cause: Cause;
  readonly reason: string;
}

/** The obstacle as a sentence, with its path. */
export const obstacleText = ({ path, reason }: Obstacle): string =>
  `${path === '' ? 'the event' : path}: ${reason}`;

/**
 * BACKWARD: the new version reads bytes of the old version. FORWARD: the old version reads bytes of the new version. FULL: both.
 * NONE: neither.
 */
export type Verdict = 'FULL' | 'BACKWARD' | 'FORWARD' | 'NONE';

const promotions: Readonly<Record<string, readonly string[]>> = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  string: ['bytes'],
  bytes: ['string'],
};

const quote = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
const isNamed = (type: Node): type is EnumNode | RecordNode => type.kind === 'enum' || type.kind === 'record';
export const childPath = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

const namesAgree = (reader: EnumNode | RecordNode, writer: EnumNode | RecordNode): boolean =>
  reader.kind === writer.kind && (reader.name === writer.name || reader.aliases.includes(writer.name));

const enumObstacles = (reader: EnumNode, writer: EnumNode, path: string): Obstacle[] => {
  const unknown = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol));
  if (unknown.length === 0 || reader.defaultSymbol !== undefined) return [];
  const reason = `the reader does not know the symbol ${quote(unknown)}, and its enum has no default`;
  return [{ path, cause: 'enum_symbol', reason }];
};

const recordObstacles = (reader: RecordNode, writer: RecordNode, path: string): Obstacle[] =>
  reader.fields.flatMap((field): Obstacle[] => {
    const fieldPath = childPath(path, field.name);
    const names = [field.name, ...field.aliases];
    const matches = writer.fields.filter(({ name }) => names.includes(name));
    const [written] = matches;
    if (matches.length > 1)
      return [
        {
          path: fieldPath,
          cause: 'name',
          reason: `the field matches ${quote(matches.map(({ name }) => name))} at the same time`,
        },
      ];
    if (written !== undefined) return obstacles(field.type, written.type, fieldPath);
    if (field.defaultJson !== undefined) return [];
    const reason = 'the bytes do not have this field, and the reader has no default for it';
    return [{ path: fieldPath, cause: 'default_missing', reason }];
  });

/** Why a value that was written as `writer` cannot be read as `reader`; empty if it can. */
export const obstacles = (reader: Node, writer: Node, path: string): Obstacle[] => {
  if (writer.kind === 'union')
    return writer.branches.flatMap((branch) =>
      obstacles(reader, branch, path).map((found) =>
        found.path === path && found.cause === 'type'
          ? {
              ...found,
              cause: 'union_branch' as const,
              reason: `a value that is ${typeText(branch)} cannot be read as ${typeText(reader)}`,
            }
          : found,
      ),
    );
  if (reader.kind === 'union') {
    const obstaclesByBranch = reader.branches.map((branch) => obstacles(branch, writer, path));
    if (obstaclesByBranch.some((found) => found.length === 0)) return [];
    // The obstacles of the branch with the same name are more precise than "no branch fits".
    const namesake = reader.branches.findIndex(
      (branch) => isNamed(branch) && isNamed(writer) && namesAgree(branch, writer),
    );
    return (
      obstaclesByBranch[namesake] ?? [
        {
          path,
          cause: 'union_branch',
          reason: `a value that is ${typeText(writer)} matches no branch of ${typeText(reader)}`,
        },
      ]
    );
  }
  if (isNamed(reader) && isNamed(writer) && reader.kind === writer.kind && !namesAgree(reader, writer))
    return [
      {
        path,
        cause: 'name',
        reason: `the reader does not know the type \`${shortName(writer.name)}\`, by name or by alias`,
      },
    ];
  if (reader.kind === 'record' && writer.kind === 'record') return recordObstacles(reader, writer, path);
  if (reader.kind === 'enum' && writer.kind === 'enum') return enumObstacles(reader, writer, path);
  if (reader.kind === 'array' && writer.kind === 'array')
    return obstacles(reader.items, writer.items, `${path}[]`);
  if (reader.kind === 'primitive' && writer.kind === 'primitive') {
    const isReadable = reader.name === writer.name || promotions[reader.name]?.includes(writer.name) === true;
    if (isReadable)
      return reader.logicalType === writer.logicalType
        ? []
        : [
            {
              path,
              cause: 'logical_type',
              reason: `the bytes mean ${typeText(writer)} and would be read as ${typeText(reader)}`,
            },
          ];
  }
  return [
    {
      path,
      cause: 'type',
      reason: `a value that is ${typeText(writer)} cannot be read as ${typeText(reader)}`,
    },
  ];
};

/** Obstacles outside the bytes: event type, topic and message key. */
const contractObstacles = (reader: EventSchema, writer: EventSchema): Obstacle[] => {
  const found: Obstacle[] = [];
  if (reader.eventType !== writer.eventType)
    found.push({
      path: '',
      cause: 'event_type',
      reason: `\`${writer.eventType}\` would be read as \`${reader.eventType}\``,
    });
  if (reader.topic !== writer.topic)
    found.push({
      path: '',
      cause: 'topic',
      reason: `one version is on \`${writer.topic}\`, the other on \`${reader.topic}\``,
    });
  if (reader.keyField !== writer.keyField) {
    const reason = `events with the key \`${writer.keyField}\` and with \`${reader.keyField}\` can be on different partitions, so consumers can read them in another sequence than they were written`;
    found.push({ path: '', cause: 'key', reason });
  }
  return found;
};

/** Why an event of version `writer` cannot be read with version `reader`; empty if it can. */
export const readingObstacles = (reader: EventSchema, writer: EventSchema): Obstacle[] => [
  ...contractObstacles(reader, writer),
  ...obstacles(treeOf(reader), treeOf(writer), ''),
];

export interface Judgement {
  readonly verdict: Verdict;
  /** Why the later version cannot read events of the earlier version. */
  readonly backward: readonly Obstacle[];
  /** Why the earlier version cannot read events of the later version. */
  readonly forward: readonly Obstacle[];
}

export const verdictOf = (backward: boolean, forward: boolean): Verdict => {
  if (backward) return forward ? 'FULL' : 'BACKWARD';
  return forward ? 'FORWARD' : 'NONE';
};

export const judge = (earlier: EventSchema, later: EventSchema): Judgement => {
  const backward = readingObstacles(later, earlier);
  const forward = readingObstacles(earlier, later);
  return { verdict: verdictOf(backward.length === 0, forward.length === 0), backward, forward };
};

/** BACKWARD holds if it holds for every verdict, and FORWARD likewise. FULL for an empty list. */
export const combinedVerdict = (verdicts: readonly Verdict[]): Verdict =>
  verdictOf(
    verdicts.every((verdict) => verdict === 'FULL' || verdict === 'BACKWARD'),
    verdicts.every((verdict) => verdict === 'FULL' || verdict === 'FORWARD'),
  );
