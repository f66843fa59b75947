// How Avro's logical types look in TypeScript. Reader and writer types must agree on this, or a Date would meet a number.
import avro, { type Type } from 'avsc';

/** timestamp-millis as Date. A class because avsc asks for one. */
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

/** Options for one `Type.forSchema`. A new object each time: avsc keeps the names of the schema it parsed in it. */
export const avroOptions = () => ({ logicalTypes: { 'timestamp-millis': TimestampMillis } });
