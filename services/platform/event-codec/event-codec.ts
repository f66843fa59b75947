// Encodes and decodes events: Avro in Confluent framing (0x00, 4-byte schema id, body). Schema ids for writing are resolved
// at start-up. Decoding resolves the writer's schema to the reader's schema: fields that only a newer writer has are dropped,
// fields that an older writer lacks get their defaults.
import avro, { type Schema, type Type } from 'avsc';
import {
  eventCatalogue,
  type DomainEvent,
  type EventMetadata,
  type EventType,
} from '../../../schemas/generated/events.ts';
import { avroOptions } from '../../../schemas/avro-types.ts';
import type { WriterSchemas } from './schema-registry.ts';
import { DependencyUnavailable } from '../database/transient.ts';

/** The event does not fit its schema, or its message key is empty: a bug in the code that made it. */
export class InvalidEvent extends Error {
  override readonly name = 'InvalidEvent';
}

/** This version of the service can never decode the bytes. */
export class UndecodableRecord extends Error {
  override readonly name = 'UndecodableRecord';
  readonly code:
    'no_value' | 'no_framing' | 'unknown_schema' | 'unknown_event' | 'unreadable_schema' | 'bad_body';
  constructor(code: UndecodableRecord['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type ReceivedEvent<T extends EventType = EventType> = DomainEvent<T> & {
  readonly metadata: EventMetadata;
};

export interface EventCodec {
  /**
   * Makes no network call.
   * @throws DependencyUnavailable before the schema ids are resolved, InvalidEvent when a value does not fit the schema or the
   * message key is empty.
   */
  encode(
    event: DomainEvent,
    metadata: EventMetadata,
  ): { payload: Buffer; schemaId: number; aggregateId: string };
  /**
   * Keeps each writer's schema after it was fetched from the registry.
   * @throws UndecodableRecord when the bytes can never be decoded, DependencyUnavailable while the registry is unavailable.
   */
  decode(bytes: Buffer): Promise<ReceivedEvent>;
}

const magicByte = 0;
const headerLength = 5;

/** Puts the Confluent header in front of an Avro body. */
export function frame(schemaId: number, body: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(headerLength + body.length);
  framed.writeUInt8(magicByte, 0);
  framed.writeInt32BE(schemaId, 1);
  body.copy(framed, headerLength);
  return framed;
}

/** @throws UndecodableRecord when there is no Confluent framing, or nothing after the header. */
export function unframe(bytes: Buffer): { schemaId: number; body: Buffer } {
  if (bytes.length <= headerLength || bytes.readUInt8(0) !== magicByte) {
    throw new UndecodableRecord('no_framing', `not in Confluent framing (${bytes.length} bytes)`);
  }
  return { schemaId: bytes.readInt32BE(1), body: bytes.subarray(headerLength) };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const isSchema = (value: unknown): value is Schema => isRecord(value) && 'type' in value;
// Safe: the types are generated from the reader schema that decoded the value.
const isReceived = (event: { metadata: unknown }): event is ReceivedEvent => isRecord(event.metadata);

export const isEventType = (type: string): type is EventType => type in eventCatalogue;
export const eventTypes = Object.keys(eventCatalogue).filter(isEventType);

const readerTypes = new Map<EventType, Type>(
  eventTypes.map((type) => {
    const schema: unknown = JSON.parse(eventCatalogue[type].schema);
    if (!isSchema(schema)) throw new Error(`the catalogue's schema of ${type} is no Avro schema`);
    return [type, avro.Type.forSchema(schema, avroOptions())];
  }),
);
const typeBySubject = new Map(eventTypes.map((type) => [eventCatalogue[type].subject, type]));

/** The value of the event's key field; undefined only when the event breaks its schema. */
export function messageKeyOf(event: DomainEvent): string | undefined {
  const { keyField } = eventCatalogue[event.type];
  const key: unknown = Reflect.get(event.data, keyField);
  return typeof key === 'string' ? key : undefined;
}

/** `schemaIdOf` returns the registered id of an event type; undefined until the id is resolved. */
export function createEventCodec(
  schemaIdOf: (type: EventType) => number | undefined,
  writerSchemas: WriterSchemas,
): EventCodec {
  type Decode = (body: Buffer) => ReceivedEvent;
  const decoders = new Map<number, Decode>();

  const decoderOf = (writer: Type): Decode => {
    const type = typeBySubject.get(writer.name ?? '');
    const reader = type && readerTypes.get(type);
    if (!type || !reader)
      throw new UndecodableRecord('unknown_event', `unknown event record "${writer.name ?? '?'}"`);
    const resolver = reader.createResolver(writer);
    return (body) => {
      const value: unknown = reader.fromBuffer(body, resolver);
      if (!isRecord(value)) throw new UndecodableRecord('bad_body', `${type} is no record`);
      const { metadata, ...data } = value;
      const event = { type, data, metadata };
      if (!isReceived(event)) throw new UndecodableRecord('bad_body', `${type} has no metadata`);
      return event;
    };
  };

  return {
    encode: (event, metadata) => {
      const schemaId = schemaIdOf(event.type);
      if (schemaId === undefined) {
        throw new DependencyUnavailable(`the schema id of ${event.type} is not known yet`);
      }
      const value = { metadata, ...event.data };
      const type = readerTypes.get(event.type);
      const invalidPaths: string[] = [];
      if (!type?.isValid(value, { errorHook: (path) => invalidPaths.push(path.join('.')) })) {
        throw new InvalidEvent(`${event.type} breaks its schema at ${invalidPaths.join(', ')}`);
      }
      const aggregateId = messageKeyOf(event);
      if (aggregateId === undefined || aggregateId === '') {
        const { keyField } = eventCatalogue[event.type];
        throw new InvalidEvent(`${event.type} has no ${keyField} to be its message key`);
      }
      return { payload: frame(schemaId, type.toBuffer(value)), schemaId, aggregateId };
    },

    decode: async (bytes) => {
      const { schemaId, body } = unframe(bytes);
      let decode = decoders.get(schemaId);
      if (!decode) {
        const writer = await writerSchemas(schemaId);
        if (!writer)
          throw new UndecodableRecord('unknown_schema', `the registry has no Avro schema ${schemaId}`);
        try {
          decode = decoderOf(writer);
        } catch (cause) {
          if (cause instanceof UndecodableRecord) throw cause;
          throw new UndecodableRecord(
            'unreadable_schema',
            `schema ${schemaId} cannot be read by this version`,
            { cause },
          );
        }
        decoders.set(schemaId, decode);
      }
      try {
        return decode(body);
      } catch (cause) {
        throw new UndecodableRecord('bad_body', `the body does not fit schema ${schemaId}`, { cause });
      }
    },
  };
}
