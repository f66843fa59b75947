// The generator turns a schema into TypeScript, and refuses a schema that breaks the rules of the contract.
import { describe, expect, it } from 'vitest';
import { eventCatalogue } from '../generated/events.ts';
import { lintEventSchema, readEventSchemas, type EventSchema } from './event-schema.ts';
import { generateEvents } from './generate-events.ts';

const schema: EventSchema = {
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
        doc: 'Metadata.',
        fields: [{ name: 'eventId', type: 'string', doc: 'Id.' }],
      },
      doc: 'Metadata.',
    },
    { name: 'parcelId', type: 'string', doc: 'The parcel.' },
    { name: 'weight', type: ['null', 'int'], doc: 'Grams.' },
    { name: 'handedOverAt', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: 'When.' },
    {
      name: 'destination',
      type: {
        type: 'enum',
        name: 'Target',
        doc: 'Destination.',
        symbols: ['unspecified', 'door', 'shop'],
        default: 'unspecified',
      },
      doc: 'Destination.',
    },
  ],
};
const file = 'parcel.handed_over.avsc';
const withField = (field: EventSchema['fields'][number]): EventSchema => ({
  ...schema,
  fields: [...schema.fields, field],
});

describe('the generator', () => {
  it('writes unions, dates, enums, the catalogue, and interfaces without the metadata', async () => {
    const source = await generateEvents([schema]);
    expect(source).toContain('DO NOT EDIT');
    expect(source).toMatch(
      /export interface ParcelHandedOver \{\s+\/\*\* The parcel\. \*\/\s+readonly parcelId: string;/,
    );
    expect(source).toContain('readonly weight: null | number;');
    expect(source).toContain('readonly handedOverAt: Date;');
    expect(source).toContain("export type Target = 'unspecified' | 'door' | 'shop';");
    expect(source).toMatch(
      /'parcel\.handed_over': \{\s+topic: 'parcel-events',\s+subject: 'orderflow\.parcel\.ParcelHandedOver',\s+keyField: 'parcelId'/,
    );
    expect(source).not.toMatch(/interface ParcelHandedOver \{[^}]*metadata/);
  });

  it('refuses two schemas that define the same name differently', async () => {
    const money = (doc: string) => ({
      name: 'price',
      type: { type: 'record', name: 'Money', doc, fields: [{ name: 'cents', type: 'long', doc: 'Cents.' }] },
      doc: 'Price.',
    });
    const other = { ...withField(money('Other money.')), name: 'ParcelLost', eventType: 'parcel.lost' };
    await expect(generateEvents([withField(money('Money.')), other])).rejects.toThrow(
      'define Money differently',
    );
  });

  it('refuses a type that it cannot express', async () => {
    const withBytes = withField({ name: 'blob', type: 'bytes', doc: 'Bytes.' });
    await expect(generateEvents([withBytes])).rejects.toThrow('no TypeScript for the Avro type "bytes"');
  });
});

describe('the rules of the contract', () => {
  it('accept a schema that follows them', () => {
    expect(lintEventSchema(file, schema)).toEqual([]);
  });
  it.each([
    ['an event type that is not the file name', { eventType: 'parcel.lost' }, /eventType must be/],
    ['a record name that is not the event type', { name: 'ParcelLost' }, /must be named "ParcelHandedOver"/],
    ['a foreign namespace', { namespace: 'elsewhere' }, /namespace must be/],
    ['a foreign topic', { topic: 'order-events' }, /topic must be/],
    ['a key that is not a string field', { keyField: 'weight' }, /must name a string field/],
    ['missing metadata', { fields: schema.fields.slice(1) }, /first field must be "metadata"/],
  ])('refuse %s', (_name, change, complaint) => {
    expect(lintEventSchema(file, { ...schema, ...change }).join()).toMatch(complaint);
  });
  it('refuse a field without documentation', () => {
    expect(lintEventSchema(file, withField({ name: 'mystery', type: 'string' }))).toEqual([
      'field ParcelHandedOver.mystery has no doc',
    ]);
  });
  it('refuse an enum without a default', () => {
    const sizeWithoutDefault = { type: 'enum', name: 'Size', doc: 'Size.', symbols: ['s', 'l'] };
    expect(
      lintEventSchema(file, withField({ name: 'size', type: sizeWithoutDefault, doc: 'Size.' })),
    ).toEqual(['enum Size needs the default "unspecified", or a new symbol breaks old readers']);
  });
  it('hold for every schema of the project', () => {
    expect(readEventSchemas().map((entry) => entry.eventType)).toEqual(Object.keys(eventCatalogue));
  });
});
