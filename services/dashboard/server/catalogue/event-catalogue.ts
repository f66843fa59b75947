// The event catalogue is derived from the code, so the two cannot differ: schemas and releases come from the contract, readers
// from the reactions that the services declare.
import { z } from '@hono/zod-openapi';
import { shortName, treeOf, typeText, type Node, type RecordNode } from '../../../../schemas/tools/avro.ts';
import type { EventSchema } from '../../../../schemas/tools/event-schema.ts';
import { releasesOfEvent, subjectOf, unreleased, type Contract } from '../../../../schemas/tools/releases.ts';
import { review } from '../../../../schemas/tools/review/differences.ts';
import { reactions as ofInventory } from '../../../inventory/reactions.ts';
import { reactions as ofOrder } from '../../../order/reactions.ts';
import { reactions as ofPayment } from '../../../payment/reactions.ts';

const fieldView = z.object({
  path: z.string().openapi({ description: '`items[].sku` is a field of the items of an array' }),
  depth: z.int(),
  name: z.string(),
  type: z.string(),
  doc: z.string(),
  default: z
    .string()
    .nullable()
    .openapi({ description: 'The default as JSON text; null when the field has no default' }),
  symbols: z.array(z.string()),
});
const versionView = z.object({
  version: z.int(),
  id: z.int().nullable().openapi({ description: 'The id in the schema registry; null until released' }),
  fields: z.array(fieldView),
});
const eventView = z
  .object({
    type: z.string(),
    doc: z.string(),
    topic: z.string(),
    producer: z.string(),
    key: z.string(),
    subject: z.string(),
    readers: z.array(z.object({ service: z.string(), does: z.string() })),
    versions: z.array(versionView).openapi({ description: 'Oldest first' }),
    example: z.unknown(),
  })
  .openapi('CatalogueEvent');
export const eventsView = z.object({ data: z.array(eventView) }).openapi('EventCatalogue');
export const changesView = z
  .object({
    compatibility: z.enum(['FULL', 'BACKWARD', 'FORWARD', 'NONE']),
    changes: z.array(
      z.object({
        path: z.string().openapi({ description: 'Empty for the event itself' }),
        kind: z.string(),
        what: z.string().openapi({ description: 'Names and values are in backticks' }),
        note: z.string().nullable(),
      }),
    ),
  })
  .openapi('EventChanges');

export type CatalogueEvent = z.infer<typeof eventView>;
export type EventChanges = z.infer<typeof changesView>;
type Field = z.infer<typeof fieldView>;

const reactions: Readonly<Record<string, Readonly<Partial<Record<string, string>>>>> = {
  order: ofOrder,
  inventory: ofInventory,
  payment: ofPayment,
};

/** The record inside a type, and the suffix of the path for its fields, such as `[]` for a record in an array. */
const innerRecord = (node: Node): { readonly record: RecordNode; readonly suffix: string } | undefined => {
  switch (node.kind) {
    case 'record':
      return { record: node, suffix: '' };
    case 'array': {
      const inner = innerRecord(node.items);
      return inner && { record: inner.record, suffix: `[]${inner.suffix}` };
    }
    case 'union':
      return node.branches.map(innerRecord).find((inner) => inner !== undefined);
    case 'primitive':
    case 'enum':
      return undefined;
  }
};

const symbolsOf = (node: Node): readonly string[] => {
  switch (node.kind) {
    case 'enum':
      return node.symbols;
    case 'array':
      return symbolsOf(node.items);
    case 'union':
      return node.branches.flatMap(symbolsOf);
    case 'primitive':
    case 'record':
      return [];
  }
};

const fieldsOf = (record: RecordNode, parent = '', depth = 0): Field[] =>
  record.fields.flatMap(({ name, type, doc, defaultJson }) => {
    const path = parent === '' ? name : `${parent}.${name}`;
    const inner = innerRecord(type);
    return [
      {
        path,
        depth,
        name,
        type: typeText(type),
        doc,
        default: defaultJson ?? null,
        symbols: [...symbolsOf(type)],
      },
      ...(inner === undefined ? [] : fieldsOf(inner.record, `${path}${inner.suffix}`, depth + 1)),
    ];
  });

interface Version {
  readonly version: number;
  readonly id: number | null;
  readonly schema: EventSchema;
}

/** The released versions, plus the working version if it differs. */
const versionsOf = (contract: Contract, working: EventSchema): readonly Version[] => {
  const released = releasesOfEvent(contract.releases, working.eventType);
  const next = (released.at(-1)?.version ?? 0) + 1;
  return unreleased(contract).includes(working)
    ? [...released, { version: next, id: null, schema: working }]
    : released;
};

/** Every event of the contract, sorted by name. */
export const catalogueOf = (contract: Contract): CatalogueEvent[] =>
  contract.workingSchemas
    .map((schema) => ({
      type: schema.eventType,
      doc: schema.doc ?? shortName(schema.name),
      topic: schema.topic,
      // A topic is named after the only service that writes to it.
      producer: schema.topic.replace(/-events$/, ''),
      key: schema.keyField,
      subject: subjectOf(schema),
      readers: Object.entries(reactions).flatMap(([service, declared]) => {
        const does = declared[schema.eventType];
        return does === undefined ? [] : [{ service, does }];
      }),
      versions: versionsOf(contract, schema).map((version) => ({
        version: version.version,
        id: version.id,
        fields: fieldsOf(treeOf(version.schema)),
      })),
      example: releasesOfEvent(contract.releases, schema.eventType).at(-1)?.samples[0]?.value ?? null,
    }))
    .sort((one, other) => one.type.localeCompare(other.type, 'en'));

/** The changes between two versions; undefined when the event or a version does not exist. */
export const changesOf = (
  contract: Contract,
  type: string,
  from: number,
  to: number,
): EventChanges | undefined => {
  const working = contract.workingSchemas.find(({ eventType }) => eventType === type);
  if (working === undefined) return undefined;
  const schemaOf = (wanted: number): EventSchema | undefined =>
    versionsOf(contract, working).find(({ version }) => version === wanted)?.schema;
  const [before, after] = [schemaOf(from), schemaOf(to)];
  if (before === undefined || after === undefined) return undefined;
  const { verdict, findings } = review(before, after);
  return {
    compatibility: verdict,
    changes: findings.map(({ path, kind, what, note }) => ({ path, kind, what, note: note ?? null })),
  };
};
