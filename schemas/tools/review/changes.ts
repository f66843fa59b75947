// The kinds of changes to an event. Each kind has the verdict of the rules in compatibility.ts, the result of Avro's schema
// resolution on encoded bytes, and the answer of the registry. Where these three differ, `why` gives the reason. Tests verify all
// three.
import type { AvroField, EventSchema } from '../event-schema.ts';
import type { Verdict } from './compatibility.ts';

interface KindOfChange {
  readonly name: string;
  readonly change: (schema: EventSchema) => EventSchema;
  readonly verdict: Verdict;
  /** The result of avsc on bytes, if it differs from the verdict. */
  readonly onBytes?: Verdict;
  /** Whether the registry accepts the change under FULL_TRANSITIVE. When absent: whether the verdict is FULL. */
  readonly registered?: boolean;
  readonly why?: string;
}

const money = (extra: readonly AvroField[] = []) => ({
  type: 'record',
  name: 'Price',
  namespace: 'orderflow',
  doc: 'Money.',
  fields: [{ name: 'amountMinor', type: 'long', doc: 'Amount.' }, ...extra],
});
const size = (symbols: readonly string[], defaultSymbol?: string) => ({
  type: 'enum',
  name: 'Size',
  namespace: 'orderflow.parcel',
  doc: 'Size.',
  symbols,
  ...(defaultSymbol === undefined ? {} : { default: defaultSymbol }),
});

/** The schema before the change, with one field of each kind of type. */
export const parcel: EventSchema = {
  type: 'record',
  name: 'ParcelHandedOver',
  namespace: 'orderflow.parcel',
  doc: 'A parcel was handed to the courier.',
  eventType: 'parcel.handed_over',
  topic: 'parcel-events',
  keyField: 'parcelId',
  fields: [
    {
      name: 'metadata',
      type: {
        type: 'record',
        name: 'EventMetadata',
        namespace: 'orderflow',
        doc: 'Metadata.',
        fields: [{ name: 'eventId', type: 'string', doc: 'Id.' }],
      },
      doc: 'Metadata.',
    },
    { name: 'parcelId', type: 'string', doc: 'The parcel.' },
    { name: 'orderId', type: 'string', doc: 'The order.' },
    { name: 'grams', type: 'int', doc: 'Weight.' },
    { name: 'note', type: 'string', default: '', doc: 'Note.' },
    { name: 'size', type: size(['unspecified', 'small', 'large'], 'unspecified'), doc: 'Size.' },
    { name: 'state', type: { ...size(['new', 'old']), name: 'State' }, doc: 'State.' },
    { name: 'price', type: money(), doc: 'Price.' },
    { name: 'tags', type: { type: 'array', items: 'string' }, doc: 'Tags.' },
    { name: 'courier', type: ['null', 'string'], default: null, doc: 'Courier.' },
    { name: 'handedOverAt', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: 'When.' },
  ],
};

const withField =
  (field: AvroField) =>
  (schema: EventSchema): EventSchema => ({ ...schema, fields: [...schema.fields, field] });
const without =
  (name: string) =>
  (schema: EventSchema): EventSchema => ({
    ...schema,
    fields: schema.fields.filter((field) => field.name !== name),
  });
const change =
  (name: string, changes: Partial<AvroField>) =>
  (schema: EventSchema): EventSchema => ({
    ...schema,
    fields: schema.fields.map((field) => (field.name === name ? { ...field, ...changes } : field)),
  });
const withoutDefault =
  (name: string) =>
  (schema: EventSchema): EventSchema => ({
    ...schema,
    fields: schema.fields.map((field) => {
      if (field.name !== name) return field;
      const { default: _gone, ...rest } = field;
      return rest;
    }),
  });

export const kindsOfChange: readonly KindOfChange[] = [
  { name: 'change nothing', change: (schema) => schema, verdict: 'FULL' },
  {
    name: 'add a field with a default',
    change: withField({ name: 'channel', type: 'string', default: 'web', doc: 'Channel.' }),
    verdict: 'FULL',
  },
  {
    name: 'add a nullable field with the default null',
    change: withField({ name: 'channel', type: ['null', 'string'], default: null, doc: 'Channel.' }),
    verdict: 'FULL',
  },
  {
    name: 'add a field without a default',
    change: withField({ name: 'channel', type: 'string', doc: 'Channel.' }),
    verdict: 'FORWARD',
  },
  {
    name: 'add a nullable field without a default',
    change: withField({ name: 'channel', type: ['null', 'string'], doc: 'Channel.' }),
    verdict: 'FORWARD',
  },
  { name: 'remove a field with a default', change: without('note'), verdict: 'FULL' },
  { name: 'remove a field without a default', change: without('orderId'), verdict: 'BACKWARD' },
  { name: 'change a type', change: change('grams', { type: 'string' }), verdict: 'NONE' },
  { name: 'promote int to long', change: change('grams', { type: 'long' }), verdict: 'BACKWARD' },
  {
    name: 'demote long to int',
    change: change('price', {
      type: { ...money(), fields: [{ name: 'amountMinor', type: 'int', doc: 'Amount.' }] },
    }),
    verdict: 'FORWARD',
  },
  { name: 'rename a field', change: change('orderId', { name: 'purchaseId' }), verdict: 'NONE' },
  {
    name: 'rename a field with an alias',
    change: change('orderId', { name: 'purchaseId', aliases: ['orderId'] }),
    verdict: 'BACKWARD',
  },
  {
    name: 'rename a field that has a default',
    change: change('note', { name: 'remark' }),
    verdict: 'FULL',
    why: 'both versions read their default instead of the value: the value is lost without an error; the report asks whether it is a rename',
  },
  {
    name: 'rename a record',
    change: change('price', { type: { ...money(), name: 'Amount' } }),
    verdict: 'NONE',
  },
  {
    name: 'add a symbol to an enum with a default',
    change: change('size', {
      type: size(['unspecified', 'small', 'large', 'huge'], 'unspecified'),
    }),
    verdict: 'FULL',
  },
  {
    name: 'remove a symbol from an enum with a default',
    change: change('size', { type: size(['unspecified', 'small'], 'unspecified') }),
    verdict: 'FULL',
  },
  {
    name: 'add a symbol to an enum without a default',
    change: change('state', { type: { ...size(['new', 'old', 'lost']), name: 'State' } }),
    verdict: 'BACKWARD',
  },
  {
    name: 'remove a symbol from an enum without a default',
    change: change('state', { type: { ...size(['new']), name: 'State' } }),
    verdict: 'FORWARD',
  },
  {
    name: 'give an enum a default',
    change: change('state', { type: { ...size(['new', 'old'], 'new'), name: 'State' } }),
    verdict: 'FULL',
  },
  {
    name: 'change the default of an enum',
    change: change('size', { type: size(['unspecified', 'small', 'large'], 'small') }),
    verdict: 'FULL',
  },
  {
    name: 'widen a union',
    change: change('courier', { type: ['null', 'string', 'long'] }),
    verdict: 'BACKWARD',
  },
  { name: 'narrow a union', change: change('courier', { type: ['null'] }), verdict: 'FORWARD' },
  {
    name: 'allow null',
    change: change('orderId', { type: ['null', 'string'], default: null }),
    verdict: 'BACKWARD',
  },
  {
    name: 'change the type of the items of an array',
    change: change('tags', { type: { type: 'array', items: 'long' } }),
    verdict: 'NONE',
  },
  {
    name: 'turn a value into an array',
    change: change('orderId', { type: { type: 'array', items: 'string' } }),
    verdict: 'NONE',
  },
  {
    name: 'add a field with a default to a nested record',
    change: change('price', {
      type: money([{ name: 'currency', type: 'string', default: 'EUR', doc: 'Currency.' }]),
    }),
    verdict: 'FULL',
  },
  {
    name: 'add a field without a default to a nested record',
    change: change('price', { type: money([{ name: 'currency', type: 'string', doc: 'Currency.' }]) }),
    verdict: 'FORWARD',
  },
  { name: 'change documentation only', change: change('orderId', { doc: 'Another text.' }), verdict: 'FULL' },
  { name: 'change a default', change: change('note', { default: '-' }), verdict: 'FULL' },
  { name: 'remove a default', change: withoutDefault('note'), verdict: 'FULL' },
  {
    name: 'reorder the fields',
    change: (schema) => ({ ...schema, fields: schema.fields.toReversed() }),
    verdict: 'FULL',
  },
  {
    name: 'remove a logical type',
    change: change('handedOverAt', { type: 'long' }),
    verdict: 'NONE',
    onBytes: 'FULL',
    registered: true,
    why: 'Avro ignores logical types; the code would get a number instead of a Date',
  },
  {
    name: 'change a logical type',
    change: change('handedOverAt', { type: { type: 'long', logicalType: 'timestamp-micros' } }),
    verdict: 'NONE',
    onBytes: 'FULL',
    registered: true,
    why: 'Avro ignores logical types; every timestamp would be wrong by a factor of 1000',
  },
  {
    name: 'change the message key',
    change: (schema) => ({ ...schema, keyField: 'orderId' }),
    verdict: 'NONE',
    onBytes: 'FULL',
    registered: true,
    why: 'the bytes are the same, but the events of one order go to two partitions, so consumers can read them in another sequence than they were written',
  },
];
