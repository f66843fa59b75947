// Schemas that the APIs of all services share.
import { z } from '@hono/zod-openapi';
import { decodeCursor } from './cursor.ts';
import { problem, type HttpProblem } from '../endpoint/problem.ts';

/** The `content` of a JSON body or response. */
export const json = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } });
/** A required JSON body. */
export const jsonBody = <T extends z.ZodType>(schema: T) => ({ content: json(schema), required: true });

export const money = z
  .object({ amountMinor: z.int(), currency: z.string().length(3) })
  .openapi('Money', { description: 'Integer amount in the minor unit of an ISO 4217 currency' });

const firstInstant = Date.parse('0001-01-01T00:00:00Z');
const lastInstant = Date.parse('9999-12-31T23:59:59.999Z');
/** An instant that PostgreSQL can read: PostgreSQL has no year 0 and does not parse ISO 8601 years above 9999. */
export const instant = z.iso
  .datetime({ offset: true })
  .refine((text) => Date.parse(text) >= firstInstant && Date.parse(text) <= lastInstant, {
    message: 'must be in the years 1 to 9999',
  });

const digits = /^\d{1,16}$/;
/** An integer in a URL, in decimal digits. */
export const integerIn = (minimum: number, maximum: number) =>
  z.preprocess(
    (text) => (typeof text === 'string' && digits.test(text) ? Number(text) : text),
    z.int().min(minimum).max(maximum),
  );

/** Query parameters of a list endpoint, which returns at most `limit` entries after the position in `cursor`. */
export const pageQuery = {
  limit: integerIn(1, 100).default(20),
  cursor: z.string().max(2_000).optional().openapi({ description: 'nextCursor of the previous page' }),
};

export const pageOf = <T extends z.ZodType>(entry: T, name: string) =>
  z
    .object({
      data: z.array(entry),
      nextCursor: z.string().nullable().openapi({ description: 'Null on the last page' }),
    })
    .openapi(name);

const invalidCursor = (): HttpProblem =>
  problem('schema_violation', { errors: [{ path: 'query.cursor', message: 'is not a cursor' }] });

/** The position inside a cursor, parsed by `schema`; undefined without a cursor. Throws the 422 problem for an invalid cursor. */
export function positionIn<T>(cursor: string | undefined, schema: z.ZodType<T>): T | undefined {
  if (cursor === undefined) return undefined;
  const position = schema.safeParse(decodeCursor(cursor));
  if (!position.success) throw invalidCursor();
  return position.data;
}
