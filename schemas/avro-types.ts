// Maps Avro's logical types to JavaScript. Readers and writers must use the same mapping: otherwise code that
// expects a Date would get a number.
import avro, { type Type } from 'avsc';

/** timestamp-millis as Date. avsc requires a class. */
class TimestampMillis extends avro.types.LogicalType {
  protected override _fromValue(value: number): Date {
    return new Date(value);
  }
  protected override _toValue(value: unknown): number | undefined {
    return value instanceof Date ? value.getTime() : undefined;
  }
  protected override _resolve(type: Type): ((value: number) => Date) | undefined {
    return avro.Type.isType(type, 'long', 'logical:timestamp-millis')
      ? (value) => new Date(value)
      : undefined;
  }
}

/** Options for one `Type.forSchema`. A new object each time, because avsc adds the names of the parsed schema to it. */
export const avroOptions = () => ({ logicalTypes: { 'timestamp-millis': TimestampMillis } });
